/** Keys on two tokens that are pulled at every moment. */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { WrappedKeyFile } from '@keytether/card'
import { decode } from '@keytether/codec'
import { emulatorRoot } from '@keytether/emulator'
import { eachDatabase } from '@keytether/test/databases'
import { caller, GroupToken } from '@keytether/test/token-group'
import { Devices } from '../devices.ts'
import { HsmError } from '../errors.ts'
import { History } from '../history/history.ts'
import type { Foundation } from '../hsm.ts'
import { Pools } from '../scheduler/pools.ts'
import { openStore } from '../store/store.ts'
import type { Placement } from './creations.ts'
import { Keys } from './keys.ts'

const never = new AbortController().signal
const patient = () => AbortSignal.timeout(20_000)
const impatient = () => AbortSignal.timeout(300)

async function openKeys(url: string, tokens: readonly GroupToken[]) {
  const store = await openStore(url)
  const devices = new Devices({ roots: [emulatorRoot] })
  const now = Date.now
  const pools = new Pools(devices, () => 'grp_test')
  const foundation: Foundation = { store, history: new History(store, now), devices, pools, now }
  const events: string[] = []
  foundation.history.events.on('event', ({ type }) => events.push(type))
  await seed(foundation, tokens)
  const open = () => Keys.open(foundation, copying(foundation))
  return { ...foundation, events, keys: await open(), open }
}

async function seed({ store }: Foundation, tokens: readonly GroupToken[]): Promise<void> {
  if ((await store.db.selectFrom('tenants').select('id').executeTakeFirst()) !== undefined) return
  await store.write(async db => {
    await db.insertInto('tenants').values({ id: 'tnt_test', name: 'main', created_at: 0 }).execute()
    const group = { id: 'grp_test', tenant_id: 'tnt_test', name: 'pair', created_at: 0, revision: 1 }
    await db
      .insertInto('groups')
      .values({ ...group, key_domain: await domainOf(tokens[0]!) })
      .execute()
    for (const [index, { path }] of tokens.entries()) {
      const device = { id: `dev_${index}`, path, tenant_id: 'tnt_test', group_id: 'grp_test', name: null }
      const rest = {
        priority: 0,
        standby: 0,
        pin: null,
        pin_refused: 0,
        facts: '{}',
        created_at: 0,
        last_seen_at: null,
      }
      await db
        .insertInto('devices')
        .values({ ...device, ...rest, state: 'claimed', revision: 1 })
        .execute()
    }
  })
}

async function domainOf(token: GroupToken): Promise<string> {
  const [domain] = await (await token.card()).keyDomains.list()
  return Buffer.from(domain!.keyCheckValue).toString('hex').toUpperCase()
}

/** As many copies as wanted, on members as they come. */
function copying({ store, pools }: Foundation): Placement {
  return {
    async ensure(id, { copies, signal }) {
      const version = await store.db
        .selectFrom('key_versions')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      const holders = () =>
        pools.of('grp_test').members.filter(({ keys }) => keys.some(key => key.id === version.card_key_id))
      for (const device of pools.of('grp_test').members) {
        if (holders().length >= copies) break
        if (holders().includes(device)) continue
        const wrapped = decode(WrappedKeyFile, version.wrapped!)
        await pools.alone(device).run(
          {
            ...{ kind: 'unwrap', repeatable: true, single: false },
            run: async card => device.noteKey(await card.unwrapKey(wrapped)),
          },
          signal,
        )
      }
      if (holders().length < copies) throw new HsmError('NOT_DURABLE', 'members are short')
    },
  }
}

const ec = { kind: 'EC', curve: 'secp256r1' } as const
const hash = createHash('sha256').update('Hello').digest()

async function signs(keys: Keys, devices: Devices, name: string, on: readonly GroupToken[]): Promise<void> {
  const { version, instances } = keys.usable(caller, name, 'sign')
  for (const { path } of on) {
    const info = instances.get(path)
    assert.ok(info, `${name} on ${path}`)
    const signature = await devices.hsm(path).run(card => card.signHash(info, 'ECDSA', hash), never)
    const key = createPublicKey({ key: Buffer.from(version.public_key!), format: 'der', type: 'spki' })
    assert.ok(verify('sha256', Buffer.from('Hello'), key, signature))
  }
}

const code = (wanted: string) => (error: unknown) => {
  assert.equal((error as HsmError).code, wanted, String(error))
  return true
}

eachDatabase((_, database) => {
  test('a key is on two members before it is told of', async t => {
    const tokens = [await GroupToken.make(), await GroupToken.make()]
    const { keys, devices, events, store } = await openKeys(await database(), tokens)
    t.after(() => keys[Symbol.asyncDispose]())
    for (const token of tokens) await token.plugIn(devices)
    for (const [name, type] of [
      ['web', ec],
      ['vault', { kind: 'AES', bits: 256 }],
    ] as const) {
      const made = await keys.create(caller, { name, group: 'pair', type }, patient())
      assert.deepEqual([made.key.durability, made.key.primary_version, made.versions[0]!.state], [2, 1, 'active'])
      assert.equal(keys.usable(caller, name, 'derive').instances.size, 2)
    }
    await signs(keys, devices, 'web', tokens)
    assert.deepEqual(
      events.filter(type => type !== 'key.progress'),
      ['key.creating', 'key.created', 'key.creating', 'key.created'],
    )
    assert.deepEqual(await store.db.selectFrom('leftovers').selectAll().execute(), [])
    const [info] = (await (await tokens[1]!.card()).inventory()).keys
    assert.equal(info!.label, 'web')
  })

  test('what cannot be is refused before anything is made', async t => {
    const tokens = [await GroupToken.make()]
    const { keys, devices } = await openKeys(await database(), tokens)
    t.after(() => keys[Symbol.asyncDispose]())
    const create = (more: object) => keys.create(caller, { name: 'k', group: 'pair', type: ec, ...more }, patient())
    await assert.rejects(create({}), code('NO_DEVICE'))
    await tokens[0]!.plugIn(devices)
    for (const more of [
      { durability: 2 },
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

  test('a member short: not durable yet, and there when it returns; to ask again by name is to wait for it', async t => {
    const tokens = [await GroupToken.make(), await GroupToken.make()]
    const { keys, devices, open } = await openKeys(await database(), tokens)
    await tokens[0]!.plugIn(devices)
    const request = { name: 'web', group: 'pair', type: ec }
    await assert.rejects(keys.create(caller, request, impatient()), code('NOT_DURABLE'))
    assert.throws(() => keys.usable(caller, 'web', 'sign'), code('WRONG_STATE'))
    await keys[Symbol.asyncDispose]()
    // As after a restart of the service.
    const later = await open()
    t.after(() => later[Symbol.asyncDispose]())
    const again = later.create(caller, request, patient())
    await tokens[1]!.plugIn(devices)
    assert.equal((await again).versions[0]!.state, 'active')
    await signs(later, devices, 'web', tokens)
  })

  test('a token that is pulled after any number of commands: another one makes it, and nothing half-made remains', async t => {
    const tokens = [await GroupToken.make(), await GroupToken.make()]
    const { keys, devices, store } = await openKeys(await database(), tokens)
    t.after(() => keys[Symbol.asyncDispose]())
    for (const token of tokens) await token.plugIn(devices)
    for (let after = 1; after <= 24; after++) {
      const victim = tokens[after % 2]!
      const name = `key-${after}`
      const type = after % 3 === 0 ? ({ kind: 'AES', bits: 128 } as const) : ec
      victim.pull(after >> 1)
      const created = keys.create(caller, { name, group: 'pair', type }, patient())
      const lost = await Promise.race([created.then(() => false), offline(devices, victim)])
      if (lost) await victim.plugIn(devices)
      await created
      if (!lost) {
        devices.hsm(victim.path).close('pulled')
        await victim.plugIn(devices)
      }
      if (type === ec) await signs(keys, devices, name, tokens)
    }
    while ((await store.db.selectFrom('leftovers').selectAll().execute()).length > 0) {
      await new Promise(done => setTimeout(done, 10))
    }
    const wanted = await store.db.selectFrom('key_versions').select('card_key_id').execute()
    for (const token of tokens) {
      const ids = (await (await token.card()).inventory()).keys.map(({ id }) =>
        Buffer.from(id).toString('hex').toUpperCase(),
      )
      assert.deepEqual(ids.toSorted(), wanted.map(row => row.card_key_id).toSorted())
    }
  })
})

async function offline(devices: Devices, { path }: GroupToken): Promise<boolean> {
  while (devices.hsms().some(({ id }) => id === path)) await new Promise(done => setTimeout(done, 2))
  return true
}
