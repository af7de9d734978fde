import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from './caller.ts'
import type { Credential } from './credential.ts'
import type { NewTenant } from './tenants.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const root: Caller = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login }

eachDatabase((_, open) => {
  const start = async () => openHsm({ devices: { roots: [] }, database: await open() })

  async function tenant(hsm: Hsm, name: string): Promise<NewTenant & { readonly caller: Caller }> {
    const made = await hsm.tenants.create(root, name, 'ann')
    const caller = await hsm.logins.byToken(made.credential.token, '127.0.0.1')
    assert.ok(caller)
    return { ...made, caller }
  }

  test('root makes a tenant with its first administrator, and is shown nothing of it', async () => {
    await using hsm = await start()
    const office = await tenant(hsm, 'office')
    assert.deepEqual(
      [office.caller.name, office.caller.tenant, office.caller.roles],
      ['ann', office.id, ['administrator']],
    )
    await assert.rejects(hsm.tenants.create(root, 'office', 'eve'), { code: 'EXISTS' })
    for (const refused of [
      () => hsm.principals.list(root, { limit: 9 }),
      () => hsm.principals.get(root, office.administrator.id),
      async () => hsm.principals.create(root, 'eve', { roles: ['operator'], tags: [] }),
      () => hsm.principals.change(root, 'ann', { roles: [] }),
      () => hsm.principals.delete(root, 'ann'),
      () => hsm.credentials.list(root, 'ann'),
      async () => hsm.credentials.create(root, 'ann', 'mine'),
      () => hsm.credentials.revoke(root, 'ann', 'first'),
    ]) {
      await assert.rejects(refused, { code: 'FORBIDDEN' })
    }
    const { items } = await hsm.tenants.list({ limit: 9 })
    assert.deepEqual(
      items.map(({ name }) => name),
      ['main', 'office'],
    )
  })

  test('tenants know nothing of each other', async () => {
    await using hsm = await start()
    const [office, lab] = [await tenant(hsm, 'office'), await tenant(hsm, 'lab')]
    const bob = await hsm.principals.create(office.caller, 'bob', { roles: ['operator'], tags: ['web'] })
    await assert.rejects(hsm.principals.get(lab.caller, bob.id), { code: 'NOT_FOUND' })
    await assert.rejects(hsm.principals.delete(lab.caller, 'bob'), { code: 'NOT_FOUND' })
    await assert.rejects(hsm.credentials.create(lab.caller, bob.id, 'x'), { code: 'NOT_FOUND' })
    assert.deepEqual(
      (await hsm.principals.list(lab.caller, { limit: 9 })).items.map(({ name }) => name),
      ['ann'],
    )
    // The same name is free elsewhere.
    await hsm.principals.create(lab.caller, 'bob', { roles: [], tags: [] })
  })

  test('nobody of a tenant becomes root', async () => {
    await using hsm = await start()
    const { caller } = await tenant(hsm, 'office')
    await assert.rejects(async () => hsm.principals.create(caller, 'eve', { roles: ['root'], tags: [] }), {
      code: 'INVALID',
    })
    await assert.rejects(hsm.principals.change(caller, 'ann', { roles: ['administrator', 'root'] }), {
      code: 'INVALID',
    })
  })

  test('tokens are shown once, changed with an overlap, and end at once', async () => {
    await using hsm = await start()
    const { caller } = await tenant(hsm, 'office')
    await hsm.principals.create(caller, 'bob', { roles: ['operator'], tags: ['web'] })
    const old = await hsm.credentials.create(caller, 'bob', '2026')
    assert.match(old.token, /^kt_[A-Za-z0-9_-]{43}$/)
    const stored = await hsm.store.db.selectFrom('credentials').selectAll().execute()
    assert.ok(!JSON.stringify(stored).includes(old.token.slice(3)))
    await assert.rejects(hsm.credentials.create(caller, 'bob', '2026'), { code: 'EXISTS' })
    const fresh = await hsm.credentials.create(caller, 'bob', '2027')
    for (const { token } of [old, fresh]) {
      assert.deepEqual(
        [(await hsm.logins.byToken(token, '127.0.0.1'))?.name, (await hsm.logins.byToken(token, '127.0.0.1'))?.tags],
        ['bob', ['web']],
      )
    }
    await hsm.credentials.revoke(caller, 'bob', '2026')
    assert.equal(await hsm.logins.byToken(old.token, '127.0.0.1'), undefined)
    assert.equal((await hsm.logins.byToken(fresh.token, '127.0.0.1'))?.name, 'bob')
    await assert.rejects(hsm.credentials.revoke(caller, 'bob', '2026'), { code: 'NOT_FOUND' })
    assert.equal(await hsm.logins.byToken('kt_nobody', '127.0.0.1'), undefined)
    await assert.rejects(async () => hsm.credentials.create(caller, 'bob', 'past', { expiresAt: Date.now() - 1 }), {
      code: 'INVALID',
    })
    const short = await hsm.credentials.create(caller, 'bob', 'short', { expiresAt: Date.now() + 150 })
    assert.equal((await hsm.logins.byToken(short.token, '127.0.0.1'))?.name, 'bob')
    while (Date.now() < short.expiresAt!) await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal(await hsm.logins.byToken(short.token, '127.0.0.1'), undefined)
  })

  test('a token may be good for less than its principal, and from some places only', async () => {
    await using hsm = await start()
    const { caller } = await tenant(hsm, 'office')
    await hsm.principals.create(caller, 'bob', { roles: ['operator', 'manager'], tags: ['web', 'pki'] })
    const settings = {
      roles: ['operator', 'auditor'],
      tags: ['pki', 'lab'],
      addresses: ['192.0.2.0/24', '::1'],
    } as const
    const { token } = await hsm.credentials.create(caller, 'bob', 'narrow', settings)
    const here = await hsm.logins.byToken(token, '192.0.2.7')
    // Nothing that the principal does not have by itself.
    assert.deepEqual(
      [here?.roles, here?.tags, here?.login],
      [['operator'], ['pki'], { credential: 'token narrow', address: '192.0.2.7' }],
    )
    assert.equal(await hsm.logins.byToken(token, '192.0.3.7'), undefined)
    assert.equal((await hsm.logins.byToken(token, '::1'))?.login.address, '::1')
    await hsm.principals.change(caller, 'bob', { roles: ['manager', 'auditor'] })
    assert.deepEqual((await hsm.logins.byToken(token, '192.0.2.7'))?.roles, ['auditor'])
    const nothing = await hsm.credentials.create(caller, 'bob', 'nothing', { roles: [], tags: [] })
    const none = await hsm.logins.byToken(nothing.token, '203.0.113.1')
    assert.deepEqual([none?.roles, none?.tags], [[], []])
    const [listed] = await hsm.credentials.list(caller, 'bob')
    assert.deepEqual({ ...listed, ...settings }, listed)
    for (const addresses of [['nowhere'], ['192.0.2.0/40']])
      await assert.rejects(async () => hsm.credentials.create(caller, 'bob', 'x', { addresses }), { code: 'INVALID' })
  })

  test('a token is rotated: the new one is good for the same, and the old one ends when the overlap is over', async () => {
    await using hsm = await start()
    const { caller } = await tenant(hsm, 'office')
    await hsm.principals.create(caller, 'bob', { roles: ['operator', 'manager'], tags: [] })
    const narrow = { roles: ['operator'], addresses: ['127.0.0.0/8'] } as const
    const old = await hsm.credentials.create(caller, 'bob', 'old', narrow)
    const good = async (token: string) => (await hsm.logins.byToken(token, '127.0.0.1'))?.roles
    const fresh = await hsm.credentials.rotate(caller, 'bob', 'old', { name: 'fresh', overlapMs: 200 })
    assert.deepEqual([fresh.roles, fresh.addresses, fresh.expiresAt], [['operator'], ['127.0.0.0/8'], null])
    assert.deepEqual([await good(old.token), await good(fresh.token)], [['operator'], ['operator']])
    const [{ expiresAt }] = (await hsm.credentials.list(caller, 'bob')) as [Credential]
    while (Date.now() < expiresAt!) await new Promise(resolve => setTimeout(resolve, 20))
    assert.deepEqual([await good(old.token), await good(fresh.token)], [undefined, ['operator']])
    // Somebody has seen it: at once.
    const last = await hsm.credentials.rotate(caller, 'bob', 'fresh', { name: 'last', overlapMs: 0 })
    assert.deepEqual([await good(fresh.token), await good(last.token)], [undefined, ['operator']])
    // What lasts for a year is followed by what lasts for a year, and does not last longer by that.
    const day = 86_400_000
    const yearly = await hsm.credentials.create(caller, 'bob', 'yearly', { expiresAt: Date.now() + 365 * day })
    const next = await hsm.credentials.rotate(caller, 'bob', 'yearly', { name: 'next', overlapMs: 400 * day })
    assert.ok(Math.abs(next.expiresAt! - yearly.expiresAt!) < day)
    const listed = await hsm.credentials.list(caller, 'bob')
    assert.equal(listed.find(({ name }) => name === 'yearly')!.expiresAt, yearly.expiresAt)
    await assert.rejects(hsm.credentials.rotate(caller, 'bob', 'next', { name: 'last', overlapMs: 0 }), {
      code: 'EXISTS',
    })
    await assert.rejects(hsm.credentials.rotate(caller, 'bob', 'gone', { name: 'x', overlapMs: 0 }), {
      code: 'NOT_FOUND',
    })
  })

  test('a tenant may be reached from some places only, and nobody shuts himself out', async () => {
    await using hsm = await start()
    const { caller, credential } = await tenant(hsm, 'office')
    const other = await tenant(hsm, 'lab')
    const from = async (address: string) => (await hsm.logins.byToken(credential.token, address))?.name
    assert.equal(await hsm.tenants.addressesOf(caller), undefined)
    await assert.rejects(hsm.tenants.restrict(caller, ['192.0.2.0/24']), { code: 'INVALID', message: /127\.0\.0\.1/ })
    await hsm.tenants.restrict(caller, ['127.0.0.1', '192.0.2.0/24'])
    assert.deepEqual(await hsm.tenants.addressesOf(caller), ['127.0.0.1', '192.0.2.0/24'])
    assert.deepEqual([await from('192.0.2.9'), await from('203.0.113.9')], ['ann', undefined])
    assert.equal((await hsm.logins.byToken(other.credential.token, '203.0.113.9'))?.name, 'ann')
    // A credential does not let in whom the tenant does not.
    const wide = await hsm.credentials.create(caller, 'ann', 'wide', { addresses: ['0.0.0.0/0'] })
    assert.equal(await hsm.logins.byToken(wide.token, '203.0.113.9'), undefined)
    await hsm.tenants.restrict(caller, undefined)
    assert.equal(await from('203.0.113.9'), 'ann')
    await assert.rejects(hsm.tenants.restrict(root, undefined), { code: 'FORBIDDEN' })
  })

  test('who is disabled, changed or deleted is so in the next request', async () => {
    await using hsm = await start()
    const { caller } = await tenant(hsm, 'office')
    await hsm.principals.create(caller, 'bob', { roles: ['operator'], tags: [] })
    const { token } = await hsm.credentials.create(caller, 'bob', 'laptop')
    const roles = async () => (await hsm.logins.byToken(token, '127.0.0.1'))?.roles
    assert.deepEqual(await roles(), ['operator'])
    const changed = await hsm.principals.change(caller, 'bob', { roles: ['auditor'] }, 1)
    assert.deepEqual([await roles(), changed.revision], [['auditor'], 2])
    await assert.rejects(hsm.principals.change(caller, 'bob', { roles: [] }, 1), { code: 'STALE' })
    await hsm.principals.change(caller, 'bob', { disabled: true })
    assert.equal(await roles(), undefined)
    await hsm.principals.change(caller, 'bob', { disabled: false })
    assert.deepEqual(await roles(), ['auditor'])
    await hsm.principals.delete(caller, 'bob')
    assert.equal(await roles(), undefined)
  })

  test('the last administrator stays', async () => {
    await using hsm = await start()
    const { caller } = await tenant(hsm, 'office')
    const removals = (name: string) => [
      () => hsm.principals.change(caller, name, { disabled: true }),
      () => hsm.principals.change(caller, name, { roles: ['operator'] }),
      () => hsm.credentials.revoke(caller, name, 'first'),
      () => hsm.principals.delete(caller, name),
    ]
    for (const remove of removals('ann')) await assert.rejects(remove, { code: 'WRONG_STATE' })
    // One who cannot log in is none.
    await hsm.principals.create(caller, 'bea', { roles: ['administrator'], tags: [] })
    for (const remove of removals('ann')) await assert.rejects(remove, { code: 'WRONG_STATE' })
    // Nor is one whose token is good for something else.
    await hsm.credentials.create(caller, 'bea', 'reading', { roles: ['auditor'] })
    for (const remove of removals('ann')) await assert.rejects(remove, { code: 'WRONG_STATE' })
    await hsm.credentials.create(caller, 'bea', 'first')
    await hsm.principals.delete(caller, 'ann')
    for (const remove of removals('bea')) await assert.rejects(remove, { code: 'WRONG_STATE' })
  })

  test('who is configured is one principal however often it starts, and can be disabled', async () => {
    const database = await open()
    let id: string
    {
      await using hsm = await openHsm({ devices: { roots: [] }, database })
      const [one, two] = await Promise.all([
        hsm.logins.byName('token-1', hsm.tenants.main, ['administrator'], login),
        hsm.logins.byName('token-1', hsm.tenants.main, ['administrator'], login),
      ])
      assert.deepEqual(one, two)
      id = one!.principal
      await hsm.logins.byName('token-2', hsm.tenants.main, ['administrator'], login)
      await hsm.principals.change(one!, 'token-2', { disabled: true })
      assert.equal(await hsm.logins.byName('token-2', hsm.tenants.main, ['administrator'], login), undefined)
      await assert.rejects(hsm.principals.change(one!, 'token-1', { disabled: true }), { code: 'WRONG_STATE' })
    }
    await using hsm = await openHsm({ devices: { roots: [] }, database })
    assert.equal((await hsm.logins.byName('token-1', hsm.tenants.main, [], login))!.principal, id)
    assert.equal(await hsm.logins.byName('token-2', hsm.tenants.main, [], login), undefined)
  })

  test('when a credential was last used is written by the end', async () => {
    const database = await open()
    let token: string
    {
      await using hsm = await openHsm({ devices: { roots: [] }, database })
      const office = await tenant(hsm, 'office')
      token = office.credential.token
    }
    await using hsm = await openHsm({ devices: { roots: [] }, database })
    const [credential] = await hsm.credentials.list((await hsm.logins.byToken(token, '127.0.0.1'))!, 'ann')
    assert.ok(credential!.lastUsedAt! > 0)
  })

  test('a tenant is deleted when it is empty', async () => {
    await using hsm = await start()
    const { caller, id, credential } = await tenant(hsm, 'office')
    const group = { id: 'grp_1', tenant_id: id, name: 'g', key_domain: null, created_at: 0, revision: 1 }
    await hsm.store.write(db => db.insertInto('groups').values(group).execute())
    await assert.rejects(hsm.tenants.delete(root, 'office'), { code: 'WRONG_STATE', message: /still has groups/ })
    await hsm.store.write(db => db.deleteFrom('groups').execute())
    await hsm.tenants.delete(root, 'office')
    assert.equal(await hsm.logins.byToken(credential.token, '127.0.0.1'), undefined)
    await assert.rejects(hsm.principals.get(caller, 'ann'), { code: 'NOT_FOUND' })
    await assert.rejects(hsm.tenants.delete(root, 'office'), { code: 'NOT_FOUND' })
    await assert.rejects(hsm.tenants.delete(root, 'main'), { code: 'WRONG_STATE' })
  })

  test('long lists come in pages', async () => {
    await using hsm = await start()
    const { caller } = await tenant(hsm, 'office')
    for (let n = 0; n < 5; n++) await hsm.principals.create(caller, `p${n}`, { roles: [], tags: [] })
    const names: string[][] = []
    for (let cursor: string | undefined; ; ) {
      const page = await hsm.principals.list(caller, { cursor, limit: 2 })
      names.push(page.items.map(({ name }) => name))
      cursor = page.next
      if (cursor === undefined) break
    }
    assert.deepEqual(names, [
      ['ann', 'p0'],
      ['p1', 'p2'],
      ['p3', 'p4'],
    ])
  })
})
