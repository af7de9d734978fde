/** Keys on two tokens that come and go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WrappedKeyFile } from '@keytether/card'
import { encode } from '@keytether/codec'
import { eachDatabase } from '@keytether/test/databases'
import { KeyBench } from '@keytether/test/key-bench'
import { caller, GroupToken } from '@keytether/test/token-group'
import type { HsmError } from '../errors.ts'

const patient = () => AbortSignal.timeout(20_000)
const impatient = () => AbortSignal.timeout(300)
const ec = { kind: 'EC', curve: 'secp256r1' } as const
const aes = { kind: 'AES', bits: 256 } as const
const web = { name: 'web', group: 'pair', type: ec }

const code = (wanted: string) => (error: unknown) => {
  assert.equal((error as HsmError).code, wanted, String(error))
  return true
}

eachDatabase((_, database) => {
  /** Two tokens, of which so many are plugged in. */
  async function start(plugged = 2) {
    const tokens = [await GroupToken.make(), await GroupToken.make()] as const
    const bench = await KeyBench.open(await database(), tokens)
    for (const token of tokens.slice(0, plugged)) await token.plugIn(bench.foundation.devices)
    return { bench, tokens, devices: bench.foundation.devices, db: bench.foundation.store.db }
  }

  test('a key is on two members before it is told of', async () => {
    const { bench, tokens, db } = await start()
    await using _ = bench
    for (const [name, type] of [
      ['web', ec],
      ['vault', aes],
    ] as const) {
      const made = await bench.keys.create(caller, { name, group: 'pair', type }, patient())
      assert.deepEqual([made.key.durability, made.key.primary_version, made.versions[0]!.state], [2, 1, 'active'])
      assert.equal(bench.keys.usable(caller, name, 'derive').instances.size, 2)
    }
    await bench.signs('web', tokens)
    const events = bench.events.filter(type => type !== 'key.progress')
    assert.deepEqual(events, ['key.creating', 'key.created', 'key.creating', 'key.created'])
    assert.equal(await db.selectFrom('leftovers').select('reference').executeTakeFirst(), undefined)
    const { keys } = await (await tokens[1].card()).inventory()
    assert.deepEqual(
      keys.map(({ label }) => label),
      ['web', 'vault'],
    )
  })

  test('what cannot be is refused before anything is made', async () => {
    const { bench, tokens, devices } = await start(0)
    await using _ = bench
    const create = (more: object) => bench.keys.create(caller, { ...web, ...more }, patient())
    await assert.rejects(create({}), code('NO_DEVICE'))
    await tokens[0].plugIn(devices)
    for (const more of [
      { durability: 3 },
      { exportable: false, durability: 2 },
      { type: { kind: 'EC', curve: 'secp999r1' } },
      { type: { kind: 'RSA', bits: 512 } },
      { type: { kind: 'AES', bits: 512 } },
      { algorithms: ['rsa-pss'] },
    ]) {
      await assert.rejects(create(more), code('INVALID'), JSON.stringify(more))
    }
    await assert.rejects(create({ group: 'trio' }), code('NOT_FOUND'))
    assert.equal((await create({ exportable: false, algorithms: ['ecdsa'] })).key.durability, 1)
    await assert.rejects(create({}), code('EXISTS'))
  })

  test('a member short: not durable yet, and there when it returns; who asks again by name waits for it', async () => {
    const { bench, tokens, devices } = await start(1)
    await using _ = bench
    await assert.rejects(bench.keys.create(caller, web, impatient()), code('NOT_DURABLE'))
    assert.throws(() => bench.keys.usable(caller, 'web', 'sign'), code('WRONG_STATE'))
    await bench.reopen()
    const again = bench.keys.create(caller, web, patient())
    await tokens[1].plugIn(devices)
    assert.equal((await again).versions[0]!.state, 'active')
    await bench.signs('web', tokens)
  })

  test('a member short, and not wanted any more: it is gone, also from the token that had it', async () => {
    const { bench, tokens } = await start(1)
    await using _ = bench
    await assert.rejects(bench.keys.create(caller, web, impatient()), code('NOT_DURABLE'))
    await bench.keys.change(caller, 'web', 'destroy', {})
    assert.throws(() => bench.keys.get(caller, 'web'), code('NOT_FOUND'))
    await bench.noLeftovers()
    assert.deepEqual((await (await tokens[0].card()).inventory()).keys, [])
  })

  test('a token that is pulled after any number of commands: another one makes it, and nothing half-made remains', async () => {
    const { bench, tokens, devices, db } = await start()
    await using _ = bench
    for (let after = 1; after <= 24; after++) {
      const victim = tokens[after % 2]!
      const name = `key-${after}`
      const type = after % 3 === 0 ? aes : ec
      victim.pull(after >> 1)
      const created = bench.keys.create(caller, { name, group: 'pair', type }, patient())
      const lost = await Promise.race([created.then(() => false), gone(bench, victim)])
      if (!lost) devices.hsm(victim.path).close('pulled')
      await victim.plugIn(devices)
      await created
      if (type === ec) await bench.signs(name, tokens)
    }
    await bench.noLeftovers()
    const wanted = (await db.selectFrom('key_versions').select('card_key_id').execute()).map(row => row.card_key_id!)
    for (const token of tokens) {
      const { keys } = await (await token.card()).inventory()
      assert.deepEqual(
        keys.map(({ id }) => Buffer.from(id).toString('hex').toUpperCase()).toSorted(),
        wanted.toSorted(),
      )
    }
  })

  test('the next version signs, those before it only decrypt', async () => {
    const { bench, tokens } = await start()
    await using _ = bench
    await bench.keys.create(caller, web, patient())
    const { key, versions } = await bench.keys.rotate(caller, 'web', {}, patient())
    const states = versions.map(({ version, state }) => [version, state])
    assert.deepEqual(states, [
      [1, 'deactivated'],
      [2, 'active'],
    ])
    assert.equal(key.primary_version, 2)
    await bench.signs('web', tokens, 2)
    const decrypting = bench.keys.versionsFor(caller, 'web', 'decrypt').map(({ version }) => version.version)
    assert.deepEqual(decrypting, [2, 1])
    await assert.rejects(bench.keys.rotate(caller, 'web', { ifMatch: 1 }, patient()), code('STALE'))
    const later = await bench.keys.rotate(caller, 'web', { activate: false }, patient())
    assert.deepEqual([later.key.primary_version, later.versions[2]!.state], [2, 'pre-active'])
    await bench.keys.change(caller, 'web', 'activate', { version: 3 })
    await bench.signs('web', tokens, 3)
  })

  test('the next version is made by the service when the time has come', async () => {
    const { bench, tokens } = await start()
    await using _ = bench
    await bench.keys.create(caller, { ...web, rotateAfter: 60_000 }, patient())
    await bench.keys.housekeep()
    assert.equal(bench.keys.get(caller, 'web').versions.length, 1)
    bench.at += 60_000
    await bench.keys.housekeep()
    await bench.keys.rotate(caller, 'web', {}, patient())
    await bench.signs('web', tokens, 2)
  })

  test('what is destroyed can be restored for a while, then it is gone from all members, also from those that return', async () => {
    const { bench, tokens, devices, db } = await start()
    await using _ = bench
    await bench.keys.create(caller, web, patient())
    await bench.keys.change(caller, 'web', 'destroy', { restorableMs: 60_000, reason: 'out of use' })
    assert.throws(() => bench.keys.usable(caller, 'web', 'sign'), /destroyed \(out of use\)/)
    await bench.keys.change(caller, 'web', 'restore', {})
    await bench.signs('web', tokens)
    await bench.keys.change(caller, 'web', 'destroy', { restorableMs: 60_000 })
    devices.hsm(tokens[1].path).close('pulled')
    bench.at += 60_000
    await bench.keys.housekeep()
    await assert.rejects(bench.keys.change(caller, 'web', 'restore', {}), code('WRONG_STATE'))
    assert.deepEqual((await (await tokens[0].card()).inventory()).keys, [])
    const row = await db.selectFrom('key_versions').select(['wrapped', 'state']).executeTakeFirstOrThrow()
    assert.deepEqual([row.wrapped, row.state], [null, 'destroyed'])
    await tokens[1].plugIn(devices)
    await bench.noLeftovers()
    assert.deepEqual((await (await tokens[1].card()).inventory()).keys, [])
    assert.ok(bench.events.includes('key.erased'))
  })

  test('a key from a file that a card has wrapped', async () => {
    const { bench, tokens } = await start()
    await using _ = bench
    const other = await (await GroupToken.make()).card()
    const info = await other.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'old name' })
    const wrapped = encode(WrappedKeyFile, await other.wrapKey(info.reference))
    const request = { name: 'web', group: 'pair', wrapped }
    const { key } = await bench.keys.import(caller, request, patient())
    assert.deepEqual([key.kind, key.parameter, key.durability], ['EC', 'secp256r1', 2])
    await bench.signs('web', tokens)
    assert.equal((await (await tokens[0].card()).inventory()).keys[0]!.label, 'web')
    const broken = { ...request, name: 'other', wrapped: wrapped.slice(0, 40) }
    await assert.rejects(bench.keys.import(caller, broken, patient()), code('INVALID'))
    await assert.rejects(bench.keys.attestation(caller, 'web'), code('NOT_FOUND'))
  })

  test('keys that were on members before: one name for several, as versions of one key', async () => {
    const { bench, tokens, devices } = await start(0)
    await using _ = bench
    const cards = [await tokens[0].card(), await tokens[1].card()]
    const made = []
    for (const label of ['old', 'new']) made.push(await cards[0]!.secretKeys.generate(256, { label }))
    for (const { reference } of made) await cards[1]!.unwrapKey(await cards[0]!.wrapKey(reference))
    for (const token of tokens) await token.plugIn(devices)
    const cardKeyIds = made.map(({ id }) => Buffer.from(id).toString('hex'))
    const { key, versions } = await bench.keys.adopt(caller, { name: 'webadm', group: 'pair', cardKeyIds }, patient())
    assert.deepEqual([key.primary_version, key.kind, key.parameter], [2, 'AES', '256'])
    assert.deepEqual(
      versions.map(({ state, label }) => [state, label]),
      [
        ['deactivated', 'old'],
        ['active', 'new'],
      ],
    )
    assert.equal(bench.keys.usable(caller, 'webadm', 'encrypt').instances.size, 2)
    const again = { name: 'other', group: 'pair', cardKeyIds }
    await assert.rejects(bench.keys.adopt(caller, again, patient()), code('EXISTS'))
    await assert.rejects(bench.keys.adopt(caller, { ...again, cardKeyIds: ['00'] }, patient()), code('NOT_FOUND'))
  })

  test('another name, other tags', async () => {
    const { bench, tokens } = await start()
    await using _ = bench
    const { key } = await bench.keys.create(caller, web, patient())
    await bench.keys.create(caller, { ...web, name: 'mail' }, patient())
    await assert.rejects(bench.keys.update(caller, 'web', { name: 'mail' }), code('EXISTS'))
    await assert.rejects(bench.keys.update(caller, 'web', { name: 'w' }, key.revision - 1), code('STALE'))
    const renamed = await bench.keys.update(caller, 'web', { name: 'www', tags: ['b', 'a', 'b'] }, key.revision)
    assert.deepEqual([renamed.tags, renamed.key.revision], [['a', 'b'], key.revision + 1])
    assert.throws(() => bench.keys.usable(caller, 'www', 'sign'), code('FORBIDDEN'))
    assert.throws(() => bench.keys.get(caller, 'web'), code('NOT_FOUND'))
    assert.deepEqual(
      bench.keys.list(caller).map(({ key: { name } }) => name),
      ['mail', 'www'],
    )
    await bench.signs('mail', tokens)
  })
})

async function gone({ foundation }: KeyBench, { path }: GroupToken): Promise<boolean> {
  while (foundation.devices.hsms().some(({ id }) => id === path)) await new Promise(done => setTimeout(done, 2))
  return true
}
