import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { BenchToken, GroupBench } from '@keytether/test/group-bench'
import { HsmError, type HsmErrorCode } from '../errors.ts'

const { signal } = new AbortController()

eachDatabase((_, database) => {
  test('made, renamed, and deleted when it is empty', async () => {
    await using bench = await GroupBench.open(await database())
    const token = await BenchToken.make()
    await bench.plug(token)
    const { caller, hsm } = bench
    const { groups } = hsm
    const { id } = await groups.create(caller, { name: 'pair' })
    await refuses(groups.create(caller, { name: 'pair' }), 'EXISTS', /there is a group pair already/)
    const renamed = await groups.rename(caller, 'pair', 'couple', 1)
    assert.deepEqual([renamed.id, renamed.name, renamed.revision], [id, 'couple', 2])
    await refuses(groups.rename(caller, id, 'pair', 1), 'STALE', /couple has changed meanwhile: it is at revision 2/)
    await groups.join(caller, token.path, 'couple', { priority: 3, standby: true })
    assert.deepEqual(
      groups.members(id).map(({ path, priority, standby }) => [path, priority, standby]),
      [[token.path, 3, true]],
    )
    await refuses(groups.delete(caller, 'couple'), 'WRONG_STATE', /group couple is not empty: device \w+/)
    await hsm.registry.release(caller, token.path)
    await groups.delete(caller, 'couple')
    await refuses(groups.find(caller, 'couple'), 'NOT_FOUND', /no group couple/)
  })

  test('nothing of another tenant is seen', async () => {
    await using bench = await GroupBench.open(await database())
    await bench.join('pair', await BenchToken.make())
    const other = { ...bench.caller, tenant: 'tnt_other' }
    const { id } = await bench.hsm.groups.find(bench.caller, 'pair')
    assert.deepEqual(await bench.hsm.groups.list(other), [])
    for (const name of ['pair', id]) await refuses(bench.hsm.groups.find(other, name), 'NOT_FOUND', /no group/)
  })

  test('only devices with the key domain of the group join it', async () => {
    await using bench = await GroupBench.open(await database())
    await bench.join('pair', await BenchToken.make())
    // The group of its own that it had is left behind by nobody.
    assert.deepEqual(
      (await bench.hsm.groups.list(bench.caller)).map(({ name }) => name),
      ['pair'],
    )
    const { key_domain } = await bench.hsm.groups.find(bench.caller, 'pair')
    assert.match(key_domain!, /^[0-9A-F]{16}$/)
    const other = await BenchToken.make([new Uint8Array(32).fill(7)])
    await refuses(
      bench.join('pair', other),
      'WRONG_STATE',
      /group pair has the key domain (\w{16}), \S+ has (?!\1)\w{16}: import the same key shares into both/,
    )
    const none = await BenchToken.make([])
    await refuses(bench.join('pair', none), 'WRONG_STATE', /import the same key shares/)
  })

  test('of devices with different key domains that join an empty group at once, one does', async () => {
    await using bench = await GroupBench.open(await database())
    for (const [name, ...shares] of [
      ['pair', [new Uint8Array(32).fill(6)], [new Uint8Array(32).fill(7)]],
      ['none', [], []],
    ] as const) {
      const tokens = [await BenchToken.make(shares[0]), await BenchToken.make(shares[1])]
      for (const token of tokens) await bench.plug(token)
      const { caller, hsm } = bench
      const { id } = await hsm.groups.create(caller, { name })
      const outcomes = await Promise.allSettled(tokens.map(({ path }) => hsm.groups.join(caller, path, name)))
      assert.deepEqual(outcomes.map(one => (one.status === 'fulfilled' ? 'joined' : one.reason.code)).toSorted(), [
        'STALE',
        'joined',
      ])
      assert.equal(hsm.groups.members(id).length, 1)
    }
  })

  test('a device does not leave with the last copy of a key', async () => {
    await using bench = await GroupBench.open(await database())
    const token = await BenchToken.make()
    await bench.join('pair', token)
    const { caller, hsm } = bench
    const request = {
      name: 'bound',
      group: 'pair',
      type: { kind: 'EC', curve: 'secp256r1' },
      exportable: false,
    } as const
    await hsm.keys.create(caller, request, signal)
    await hsm.groups.create(caller, { name: 'other' })
    const leaves = hsm.groups.join(caller, token.path, 'other')
    await refuses(leaves, 'WRONG_STATE', /cannot leave its group: it holds the only copy of bound version 1/)
  })
})

async function refuses(promise: Promise<unknown>, code: HsmErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(promise, error => {
    assert.ok(error instanceof HsmError, String(error))
    assert.match(`${error.code} ${error.message}`, message)
    assert.equal(error.code, code)
    return true
  })
}
