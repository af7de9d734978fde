import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { Passwords } from './passwords.ts'
import { Sessions } from './sessions.ts'

const address = '192.0.2.7'
const login = { credential: 'none', address }
const root: Caller = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login }
const from = { address, client: 'a browser' }
const password = 'correct horse battery'
const passkey = (name: string) => {
  return { name, credentialId: `id-of-${name}`, publicKey: new Uint8Array([1]), signCount: 0, transports: ['internal'] }
}

eachDatabase((_, open) => {
  /** A tenant with its administrator, who has a token, and somebody whom she may invite. */
  async function office(more: Parameters<Hsm['principals']['create']>[2] = { roles: ['operator'], tags: [] }) {
    const hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const { credential } = await hsm.tenants.create(root, 'office', 'ann')
    const ann = await hsm.logins.byToken(credential.token, address)
    assert.ok(ann)
    const bob = await hsm.principals.create(ann, 'bob', more)
    const invite = async (name = 'bob') => (await hsm.invitations.create(ann, name)).secret
    const callerOf = async (token: string) => {
      return (await hsm.sessions.byToken(token, address)) ?? assert.fail('the session is none')
    }
    const signIn = (word: string, name = 'bob', tenant = 'office') =>
      hsm.passwords.signIn({ tenant, name, password: word }, from)
    return { hsm, ann, bob, invite, callerOf, signIn, [Symbol.asyncDispose]: () => hsm[Symbol.asyncDispose]() }
  }

  test('an invitation is good once, for a password', async () => {
    await using bench = await office()
    const { hsm, invite, callerOf, signIn } = bench
    const old = await invite()
    const secret = await invite()
    assert.match(secret, /^kti_[A-Za-z0-9_-]{43}$/)
    assert.equal(await hsm.invitations.find(old), undefined)
    assert.deepEqual(await hsm.invitations.find(secret), { principal: bench.bob.id, name: 'bob', tenant: 'office' })
    for (const [short, message] of [
      ['eleven char', /at least 12 characters, got 11/],
      ['bobbobbobbob', /more different characters/],
    ] as const) {
      await assert.rejects(hsm.invitations.accept(secret, { password: short }, from), { code: 'INVALID', message })
    }
    const both = await Promise.all([1, 2].map(() => hsm.invitations.accept(secret, { password }, from)))
    assert.equal(both.filter(session => session !== undefined).length, 1)
    const begun = both.find(session => session !== undefined)!
    assert.deepEqual(await callerOf(begun.token), {
      principal: bench.bob.id,
      name: 'bob',
      tenant: bench.ann.tenant,
      roles: ['operator'],
      tags: [],
      login: { credential: `session ${begun.id}`, address },
      session: begun.id,
    })
    const again = await signIn(password)
    assert.equal(again?.way, 'password')
    const kept = JSON.stringify(await hsm.store.db.selectFrom('passwords').selectAll().execute())
    assert.match(kept, /\$argon2id\$v=19\$m=65536,t=3,p=4/)
    const sessions = JSON.stringify(await hsm.store.db.selectFrom('sessions').selectAll().execute())
    for (const { token } of [begun, again!]) assert.ok(!sessions.includes(token.slice(4)))
  })

  test('an invitation ends, and one for who is disabled is for nobody', async () => {
    await using bench = await office()
    const { hsm, ann, invite } = bench
    const secret = await invite()
    await hsm.principals.change(ann, 'bob', { disabled: true })
    assert.equal(await hsm.invitations.find(secret), undefined)
    assert.equal(await hsm.invitations.accept(secret, { password }, from), undefined)
    await hsm.principals.change(ann, 'bob', { disabled: false })
    assert.ok(await hsm.invitations.find(secret))
    await assert.rejects(hsm.invitations.create(ann, 'bob', Date.now()), { code: 'INVALID' })
    const { secret: short } = await hsm.invitations.create(ann, 'bob', Date.now() + 100)
    while (await hsm.invitations.find(short)) await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal(await hsm.invitations.accept(short, { password }, from), undefined)
    assert.equal(await hsm.invitations.find('kti_nothing'), undefined)
    await assert.rejects(hsm.invitations.create(root, 'bob'), { code: 'FORBIDDEN' })
  })

  test('a password is refused for one reason as for another', async () => {
    await using bench = await office()
    const { hsm, ann, invite, signIn } = bench
    await hsm.invitations.accept(await invite(), { password }, from)
    assert.equal(await signIn('correct horse batterz'), undefined)
    assert.equal(await signIn(password, 'nobody'), undefined)
    assert.equal(await signIn(password, 'bob', 'nowhere'), undefined)
    assert.equal(await signIn(password, 'ann'), undefined)
    await hsm.principals.change(ann, 'bob', { disabled: true })
    assert.equal(await signIn(password), undefined)
    const { items } = await hsm.events.list(ann, { types: ['session'] }, { limit: 9 })
    const told = items.map(({ type, data }) => [type, (data as { readonly way?: string }).way])
    assert.deepEqual(told.slice(-2), [
      ['session.refused', 'password'],
      ['session.began', 'password'],
    ])
  })

  test('a passkey in place of a password', async () => {
    await using bench = await office()
    const { hsm, invite, callerOf } = bench
    const secret = await invite()
    const begun = await hsm.invitations.accept(secret, { passkey: passkey('phone') }, from)
    const bob = await callerOf(begun!.token)
    await hsm.passkeys.add(bob, passkey('laptop'))
    await assert.rejects(hsm.passkeys.add(bob, passkey('laptop')), { code: 'EXISTS' })
    await assert.rejects(hsm.passkeys.add(bob, { ...passkey('phone'), name: 'other' }), { code: 'EXISTS' })
    const key = await hsm.passkeys.find('id-of-laptop')
    assert.deepEqual([key?.principal, key?.publicKey, key?.signCount], [bob.principal, new Uint8Array([1]), 0])
    const session = await hsm.passkeys.signIn(key!, 7, from)
    assert.deepEqual([session?.way, (await hsm.passkeys.find('id-of-laptop'))?.signCount], ['passkey', 7])
    await hsm.passkeys.remove(bob, 'laptop')
    assert.equal(await hsm.passkeys.signIn(key!, 8, from), undefined)
    assert.equal(await hsm.sessions.byToken(session!.token, address), undefined)
    assert.ok(await callerOf(begun!.token))
    await assert.rejects(hsm.passkeys.remove(bob, 'laptop'), { code: 'NOT_FOUND' })
    const { passkeys, passwordSince, invitation } = await hsm.signIns.own(bob)
    assert.deepEqual([passkeys.map(({ name }) => name), passwordSince, invitation], [['phone'], null, undefined])
  })

  test('a session ends when nothing is done, when its time is over, and when it is told to', async () => {
    await using bench = await office()
    const { hsm, ann, invite } = bench
    let now = Date.now()
    await using sessions = new Sessions({ ...hsm, now: () => now }, hsm.logins)
    const passwords = new Passwords({ ...hsm, now: () => now }, hsm.logins, sessions)
    await hsm.invitations.accept(await invite(), { password }, from)
    const begin = async () => (await passwords.signIn({ tenant: 'office', name: 'bob', password }, from))!
    const one = await begin()
    const isOpen = async ({ token }: { readonly token: string }) =>
      (await sessions.byToken(token, address)) !== undefined
    now += 29 * 60_000
    assert.ok(await isOpen(one))
    // When it was used is known to a service that is started again.
    await sessions.sweep()
    now += 29 * 60_000
    assert.ok(await isOpen(one))
    now += 30 * 60_000
    assert.ok(!(await isOpen(one)))
    const two = await begin()
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      now += 20 * 60_000
      assert.ok(await isOpen(two), `${minutes}`)
    }
    now += 20 * 60_000
    assert.ok(!(await isOpen(two)))
    await sessions.sweep()
    const three = await begin()
    assert.deepEqual(
      (await hsm.store.db.selectFrom('sessions').select('id').execute()).map(({ id }) => id),
      [three.id],
    )
    await assert.rejects(sessions.end(ann, ann.principal, three.id), { code: 'NOT_FOUND' })
    await sessions.end(ann, bench.bob.id, three.id)
    assert.ok(!(await isOpen(three)))
    assert.ok(!(await isOpen({ token: 'kts_nobody' })))
  })

  test('of one person, the session that is longest unused makes room', async () => {
    await using bench = await office()
    const { hsm, invite } = bench
    const begun = await hsm.invitations.accept(await invite(), { passkey: passkey('phone') }, from)
    const key = (await hsm.passkeys.find('id-of-phone'))!
    for (let n = 0; n < 20; n++) await hsm.passkeys.signIn(key, 0, from)
    assert.equal((await hsm.sessions.list(bench.bob.id)).length, 20)
    assert.equal(await hsm.sessions.byToken(begun!.token, address), undefined)
  })

  test('a session is worth what its person is, at once', async () => {
    await using bench = await office()
    const { hsm, ann, invite } = bench
    const { token } = (await hsm.invitations.accept(await invite(), { password }, from))!
    const roles = async () => (await hsm.sessions.byToken(token, address))?.roles
    await hsm.principals.change(ann, 'bob', { roles: ['auditor'] })
    assert.deepEqual(await roles(), ['auditor'])
    await hsm.principals.change(ann, 'bob', { disabled: true })
    assert.equal(await roles(), undefined)
    await hsm.principals.change(ann, 'bob', { disabled: false })
    assert.equal(await roles(), undefined, 'that session was ended')
    const { token: next } = (await bench.signIn(password))!
    await hsm.signIns.reset(ann, 'bob')
    assert.equal(await hsm.sessions.byToken(next, address), undefined)
    assert.equal(await bench.signIn(password), undefined)
    const again = (await hsm.invitations.accept(await invite(), { password }, from))!
    await invite()
    await hsm.principals.delete(ann, 'bob')
    assert.equal(await hsm.sessions.byToken(again.token, address), undefined)
  })

  test('a password is changed by who has it and has just signed in; his other sessions end', async () => {
    await using bench = await office()
    const { hsm, ann, invite, callerOf, signIn } = bench
    const first = (await hsm.invitations.accept(await invite(), { password }, from))!
    const bob = await callerOf((await signIn(password))!.token)
    const next = 'another horse battery'
    assert.equal(await hsm.passwords.set(bob, 'wrong horse battery', next), false)
    assert.equal(await hsm.passwords.set(bob, undefined, next), false)
    await assert.rejects(hsm.passwords.set(bob, password, 'short'), { code: 'INVALID' })
    // Whoever has a token of his is not he.
    const { token } = await hsm.credentials.create(ann, 'bob', 'laptop')
    const program = (await hsm.logins.byToken(token, address))!
    await assert.rejects(hsm.passwords.set(program, password, next), { code: 'FORBIDDEN' })
    await assert.rejects(hsm.passkeys.add(program, passkey('phone')), { code: 'FORBIDDEN' })
    const later = { ...hsm, now: () => Date.now() + 15 * 60_000 }
    await using old = new Sessions(later, hsm.logins)
    await assert.rejects(new Passwords(later, hsm.logins, old).set(bob, password, next), {
      code: 'FORBIDDEN',
      message: /sign in again/,
    })
    assert.equal(await hsm.passwords.set(bob, password, next), true)
    assert.equal(await hsm.sessions.byToken(first.token, address), undefined)
    assert.equal(await signIn(password), undefined)
    assert.ok(await signIn(next))
  })

  test('who can sign in counts as an administrator who can log in', async () => {
    await using bench = await office({ roles: ['administrator'], tags: [] })
    const { hsm, ann, invite, callerOf } = bench
    const secret = await invite()
    // Who was invited cannot do so yet.
    await assert.rejects(hsm.principals.delete(ann, 'ann'), { code: 'WRONG_STATE' })
    const begun = await hsm.invitations.accept(secret, { passkey: passkey('phone') }, from)
    const bob = await callerOf(begun!.token)
    await hsm.credentials.revoke(ann, 'ann', 'first')
    await assert.rejects(hsm.passkeys.remove(bob, 'phone'), { code: 'WRONG_STATE' })
    await assert.rejects(hsm.signIns.reset(bob, 'bob'), { code: 'WRONG_STATE' })
    await hsm.passwords.set(bob, undefined, password)
    await hsm.passkeys.remove(bob, 'phone')
    await hsm.principals.delete(bob, 'ann')
    await hsm.tenants.delete(root, 'office')
    assert.equal(await hsm.sessions.byToken(begun!.token, address), undefined)
  })

  test('who may come from some addresses alone signs in from those', async () => {
    await using bench = await office()
    const { hsm, invite } = bench
    const { token } = (await hsm.invitations.accept(await invite(), { password }, from))!
    await hsm.store.write(db =>
      db.updateTable('tenants').set({ addresses: '["192.0.2.0/24"]' }).where('name', '=', 'office').execute(),
    )
    hsm.logins.forget()
    const abroad = { ...from, address: '198.51.100.7' }
    assert.equal(await hsm.passwords.signIn({ tenant: 'office', name: 'bob', password }, abroad), undefined)
    assert.equal(await hsm.sessions.byToken(token, abroad.address), undefined)
    assert.ok(await hsm.sessions.byToken(token, address))
    const secret = await invite()
    assert.equal(await hsm.invitations.accept(secret, { password }, abroad), undefined)
    assert.ok(await hsm.invitations.accept(secret, { password }, from))
  })
})
