import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WrappedKeyFile } from '@keytether/card'
import { decode, encode } from '@keytether/codec'
import { eachDatabase } from '@keytether/test/databases'
import { BenchToken, GroupBench, until } from '@keytether/test/group-bench'
import fc from 'fast-check'
import { HsmError, type HsmErrorCode } from '../errors.ts'
import type { KeyRequest } from '../keys/new-key.ts'
import { recordFound } from './instances.ts'
import { versionsOf } from './versions.ts'

const { signal } = new AbortController()
const types = {
  ec: { kind: 'EC', curve: 'secp256r1' },
  rsa: { kind: 'RSA', bits: 1024 },
  aes: { kind: 'AES', bits: 256 },
} as const

eachDatabase((name, database) => {
  async function open(name: string, ...tokens: BenchToken[]): Promise<GroupBench> {
    const bench = await GroupBench.open(await database())
    await bench.join(name, ...tokens)
    return bench
  }

  const make = (bench: GroupBench, name: string, type: keyof typeof types = 'ec', more: Partial<KeyRequest> = {}) =>
    bench.hsm.keys.create(bench.caller, { name, group: 'pair', type: types[type], ...more }, signal)

  /** Every member has every key, proven. */
  async function healed(bench: GroupBench, keys: number): Promise<boolean> {
    const { state, keys: found, members } = await bench.hsm.placement.report(bench.caller, 'pair')
    const verified = found.every(({ instances }) => instances.every(each => each.state === 'verified'))
    return state === 'healthy' && found.length === keys && verified && members.every(({ held }) => held === keys)
  }

  test('a key that is made is on all members before long, each of them proven', async () => {
    const tokens = [await BenchToken.make(), await BenchToken.make(), await BenchToken.make()]
    await using bench = await open('pair', ...tokens)
    await Promise.all([make(bench, 'web'), make(bench, 'mail', 'rsa'), make(bench, 'data', 'aes')])
    await until(() => healed(bench, 3))
    for (const token of tokens) {
      const { keys } = await (await token.card()).inventory()
      assert.deepEqual(keys.map(({ label }) => label).sort(), ['data', 'mail', 'web'])
    }
  })

  test('a key that is erased while it is put on a member does not stay there', async () => {
    const token = await BenchToken.make()
    await using bench = await open('pair', token)
    const { caller, hsm } = bench
    const { key } = await make(bench, 'web')
    await until(() => healed(bench, 1))
    const [version] = await versionsOf(hsm.store.db, { group: key.group_id })
    const { wrapped } = await hsm.store.db.selectFrom('key_versions').select('wrapped').executeTakeFirstOrThrow()
    await hsm.keys.change(caller, 'web', 'destroy', { restorableMs: 0 })
    const session = hsm.devices.hsm(token.path)
    await until(async () => session.keys.length === 0)
    // Healing had read the wrapped copy before, and comes to its turn only now.
    const info = await session.run(card => card.unwrapKey(decode(WrappedKeyFile, new Uint8Array(wrapped!))), signal)
    session.noteKey(info)
    const member = hsm.groups.memberOf(token.path)!
    const placed = { state: 'verified', reference: info.reference, info } as const
    await recordFound(hsm, [{ member, version: version!, placed }])
    assert.deepEqual(await hsm.store.db.selectFrom('instances').selectAll().execute(), [])
    await hsm.keys.housekeep()
    await until(async () => session.keys.length === 0)
    assert.deepEqual((await (await token.card()).inventory()).keys, [])
  })

  test('a member that is gone for good, and a fresh one in its place', async () => {
    const [first, second] = [await BenchToken.make(), await BenchToken.make()]
    await using bench = await open('pair', first, second)
    await make(bench, 'web')
    await make(bench, 'data', 'aes')
    await until(() => healed(bench, 2))
    bench.pull(second)
    await until(async () => (await bench.hsm.placement.report(bench.caller, 'pair')).state === 'degraded')
    const fresh = await BenchToken.make()
    await bench.join('pair', fresh)
    await bench.hsm.registry.release(bench.caller, second.path)
    await until(() => healed(bench, 2))
    const told = (type: string) =>
      bench.hsm.store.db.selectFrom('events').select('id').where('type', '=', type).execute()
    await until(async () => (await told('group.degraded')).length > 0 && (await told('group.healed')).length > 0)
    bench.pull(first)
    const { instances } = bench.hsm.keys.usable(bench.caller, 'web', 'sign')
    assert.deepEqual([...instances.keys()], [fresh.path])
  })

  test('another key under the same id is never used, nor overwritten, and told of', async () => {
    const [first, second] = [await BenchToken.make(), await BenchToken.make()]
    await using bench = await open('pair', first, second)
    await make(bench, 'web')
    await make(bench, 'data', 'aes')
    await until(() => healed(bench, 2))
    bench.pull(second)
    const card = await second.card()
    for (const { reference, kind, id, label } of (await card.inventory()).keys) {
      await card.deleteKey(reference)
      const attributes = { id, label, reference, keyDomain: 0 }
      if (kind === 'AES') await card.secretKeys.generate(256, attributes)
      else await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, attributes)
    }
    await bench.plug(second)
    const differs = async () => {
      const { keys } = await bench.hsm.placement.report(bench.caller, 'pair')
      return keys.every(({ consistency }) => consistency === 'different')
    }
    await until(differs)
    const { keys, reasons } = await bench.hsm.placement.check(bench.caller, 'pair', { signal })
    assert.deepEqual(
      keys.map(({ version, consistency }) => [version.name, consistency]),
      [
        ['data', 'different'],
        ['web', 'different'],
      ],
    )
    assert.deepEqual(reasons, ['2 keys are different on a member'])
    for (const [name, purpose] of [['web', 'sign'] as const, ['data', 'encrypt'] as const]) {
      assert.deepEqual([...bench.hsm.keys.usable(bench.caller, name, purpose).instances.keys()], [first.path])
    }
    assert.equal((await (await second.card()).inventory()).keys.length, 2)
  })

  test('a wrapped copy that was damaged puts nothing on a card, and is told of', async () => {
    const [first, second] = [await BenchToken.make(), await BenchToken.make()]
    await using bench = await open('pair', first)
    await make(bench, 'web')
    await bench.hsm.store.write(async db => {
      const { wrapped } = await db.selectFrom('key_versions').select('wrapped').executeTakeFirstOrThrow()
      const file = decode(WrappedKeyFile, new Uint8Array(wrapped!))
      const blob = file.blob.with(100, file.blob[100]! ^ 1)
      await db
        .updateTable('key_versions')
        .set({ wrapped: encode(WrappedKeyFile, { ...file, blob }) })
        .execute()
    })
    const before = await (await second.card()).files.list()
    await bench.join('pair', second)
    const { keys } = await bench.hsm.placement.heal(bench.caller, 'pair', signal)
    assert.equal(keys[0]!.consistency, 'short')
    assert.match(keys[0]!.reason!, /unwrapping failed: .*altered.*nothing of it is on the card/)
    assert.deepEqual(await (await second.card()).files.list(), before)
  })

  test('a card without room for a key says so, and the others do', async () => {
    const [first, full] = [await BenchToken.make(), await BenchToken.make()]
    const card = await full.card()
    for (const size of [60_000, 6_000, 600]) {
      const add = () =>
        card.addData('much', new Uint8Array(size)).then(
          () => true,
          () => false,
        )
      while (await add());
    }
    await using bench = await open('pair', first, full)
    await refuses(make(bench, 'web', 'ec', { durability: 2 }), bench)
    const { keys, reasons } = await bench.hsm.placement.heal(bench.caller, 'pair', signal)
    assert.deepEqual(keys, [])
    assert.deepEqual(reasons, [])
  })

  /** While it is being made, it says why it is not there yet. */
  async function refuses(making: Promise<unknown>, bench: GroupBench): Promise<void> {
    making.catch(() => {})
    const { store, placement } = bench.hsm
    let id: string | undefined
    await until(async () => {
      const row = await store.db
        .selectFrom('key_versions')
        .select('id')
        .where('wrapped', 'is not', null)
        .executeTakeFirst()
      id = row?.id
      return id !== undefined
    })
    await throws(placement.ensure(id!, { copies: 2, signal }), 'NOT_DURABLE', /no memory is left for it/)
  }

  describe('an unwrapping that is cut at any command', () => {
    for (const answered of [false, true]) {
      test(answered ? 'before its answer comes' : 'before it comes to the card', async () => {
        const [first, second] = [await BenchToken.make(), await BenchToken.make()]
        await using bench = await open('pair', first, second)
        await make(bench, 'web')
        await make(bench, 'data', 'aes')
        await until(() => healed(bench, 2))
        let cuts = 0
        for (let after = 30; ; after += name === 'SQLite' ? 1 : 7) {
          bench.pull(second)
          const card = await second.card()
          for (const { reference } of (await card.inventory()).keys) await card.deleteKey(reference)
          const from = second.commands
          const cut = await bench.plug(second, { after, answered })
          await until(async () => cut.state === 'offline' || (await healed(bench, 2)))
          if (cut.state !== 'offline') break
          cuts++
          await bench.plug(second)
          await until(() => healed(bench, 2))
          const { keys } = await (await second.card()).inventory()
          assert.deepEqual(
            [keys.map(({ label }) => label).sort(), keys.flatMap(({ warnings }) => warnings)],
            [['data', 'web'], []],
            `cut after ${after} of ${second.commands - from} commands`,
          )
        }
        assert.ok(cuts >= 5, `${cuts}`)
      })
    }
  })

  test('the service is gone, and comes back to its database: what was being done is done', async () => {
    const url = await database()
    const tokens = [await BenchToken.make(), await BenchToken.make()] as const
    {
      await using before = await GroupBench.open(url)
      await before.join('pair', ...tokens)
      await make(before, 'web')
      await until(() => healed(before, 1))
    }
    const card = await tokens[1].card()
    await card.deleteKey((await card.inventory()).keys[0]!.reference)
    await using after = await GroupBench.open(url)
    for (const token of tokens) await after.plug(token)
    await until(() => healed(after, 1))
  })

  test('keys that nobody made through the service, and what adopting them would mean', async () => {
    const [first, second] = [await BenchToken.make(), await BenchToken.make()]
    const card = await first.card()
    await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'loose', keyDomain: 0 })
    await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'bound', algorithms: [0x70], keyDomain: 0 })
    await using bench = await open('pair', first, second)
    await make(bench, 'web')
    const unmanaged = await bench.hsm.placement.unmanaged(bench.caller, 'pair')
    assert.deepEqual(
      unmanaged.map(({ info, single, obstacle, holders }) => [info.label, single, obstacle, holders.length]),
      [
        ['loose', undefined, undefined, 1],
        ['bound', 'it was made never to leave its device: wrapping is not among its algorithms', undefined, 1],
      ],
    )
  })

  test('whatever is lost and returns, as long as there is a copy: in the end every member has every key', async () => {
    const step = fc.record({
      what: fc.constantFrom('pull', 'plug', 'cut', 'wipe', 'forget'),
      token: fc.nat({ max: 2 }),
      after: fc.integer({ min: 20, max: 120 }),
    })
    const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async steps => {
      const tokens = [await BenchToken.make(), await BenchToken.make(), await BenchToken.make()]
      await using bench = await open('pair', ...tokens)
      await make(bench, 'web')
      await make(bench, 'data', 'aes')
      for (const { what, token: number, after } of steps) {
        const token = tokens[number]!
        if (what === 'plug') await bench.plug(token)
        else if (what === 'cut') await bench.plug(token, { after })
        else if (what !== 'forget') bench.pull(token)
        if (what === 'wipe') {
          const card = await token.card()
          for (const { reference } of (await card.inventory()).keys) await card.deleteKey(reference)
        }
        // The wrapped copy is lost, but one member still has the key.
        if (what === 'forget' && (await healed(bench, 2))) {
          const { store, placement } = bench.hsm
          await store.write(db => db.updateTable('key_versions').set({ wrapped: null }).execute())
          const { keys } = await placement.heal(bench.caller, 'pair', signal)
          assert.ok(keys.every(({ version }) => version.wrapped))
        }
      }
      for (const token of tokens) await bench.plug(token)
      await until(() => healed(bench, 2))
    })
    await fc.assert(property, { numRuns: name === 'SQLite' ? 10 : 3 })
  })

  test('a key whose uses are counted stays on its card, where they are', async () => {
    const [first, second] = [await BenchToken.make(), await BenchToken.make()]
    await using bench = await open('pair', first, second)
    await throws(make(bench, 'few', 'ec', { useCounter: 3, durability: 2 }), 'INVALID', /its uses are counted/)
    await make(bench, 'few', 'ec', { useCounter: 3 })
    const { keys, state } = await bench.hsm.placement.heal(bench.caller, 'pair', signal)
    assert.deepEqual(
      keys.map(({ version, consistency, copies }) => [version.name, consistency, copies]),
      [['few', 'single', 1]],
    )
    assert.equal(state, 'healthy')
    const left = await Promise.all([first, second].map(async token => (await (await token.card()).inventory()).keys))
    assert.deepEqual(
      left.flat().map(({ useCounter }) => useCounter),
      [3],
    )
  })

  test('two groups with the same key domain are two groups', async () => {
    const [first, second, third] = [await BenchToken.make(), await BenchToken.make(), await BenchToken.make()]
    await using bench = await open('pair', first, second)
    await bench.join('other', third)
    await make(bench, 'web')
    await until(() => healed(bench, 1))
    assert.deepEqual((await (await third.card()).inventory()).keys, [])
    assert.equal((await bench.hsm.placement.report(bench.caller, 'other')).state, 'healthy')
  })
})

async function throws(promise: Promise<unknown>, code: HsmErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(promise, error => {
    assert.ok(error instanceof HsmError, String(error))
    assert.match(`${error.code} ${error.message}`, message)
    assert.equal(error.code, code)
    return true
  })
}
