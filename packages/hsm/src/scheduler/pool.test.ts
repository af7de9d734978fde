/** Pools with emulated tokens that come and go. */
import assert from 'node:assert/strict'
import { createHash, verify } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { publicKeyObject } from '@keytether/card'
import type { KeyInfo } from '@keytether/driver'
import { emulatorRoot } from '@keytether/emulator'
import { GroupToken } from '@keytether/test/token-group'
import { HsmError } from '../errors.ts'
import { Devices } from '../sessions/devices.ts'
import type { Operation } from './operation.ts'
import { Pools } from './pools.ts'

const message = Buffer.from('to be signed')
const hash = new Uint8Array(createHash('sha256').update(message).digest())
const never = new AbortController().signal

let tokens: GroupToken[]
let key: KeyInfo
let devices: Devices
let pools: Pools
let group: (path: string) => string | undefined = () => 'grp_1'

const signature = (options: Partial<Operation<Uint8Array>> = {}): Operation<Uint8Array> => ({
  kind: 'sign EC secp256r1',
  repeatable: true,
  single: true,
  run: card => card.signHash(key, 'ECDSA', hash),
  ...options,
})

before(async () => {
  tokens = [await GroupToken.make(), await GroupToken.make(), await GroupToken.make()]
  const [first, ...others] = await Promise.all(tokens.map(token => token.card()))
  key = await first!.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'shared', keyDomain: 0 })
  const wrapped = await first!.wrapKey(key.reference)
  for (const card of others) await card.unwrapKey(wrapped)
  devices = new Devices({ roots: [emulatorRoot] })
  pools = new Pools(devices, path => group(path))
  for (const token of tokens) await token.plugIn(devices)
})
after(() => devices.close('the test is over'))

test('under load from 16 clients, tokens are pulled and come back, and nothing fails', async () => {
  const publicKey = publicKeyObject(key.publicKey!)
  const pool = pools.of('grp_1')
  let left = 600
  const client = async () => {
    while (left-- > 0) assert.ok(verify('sha256', message, publicKey, await pool.run(signature(), never)))
  }
  const disturb = async () => {
    for (const [index, after] of [
      [0, 5],
      [1, 0],
      [2, 3],
    ] as const) {
      while (left > 500 - index * 150) await pool.run(signature(), never)
      tokens[index]!.pull(after)
      while (pool.members.length === 3) await pool.run(signature(), never)
      await tokens[index]!.plugIn(devices)
    }
  }
  await Promise.all([disturb(), ...Array.from({ length: 16 }, client)])
  assert.equal(pool.members.length, 3)
})

test('what is not safe to repeat is done once, or nobody knows', async () => {
  const pool = pools.of('grp_1')
  const outcomes = Array.from({ length: 12 }, () => pool.run(signature({ repeatable: false }), never))
  tokens[0]!.pull(0)
  const results = await Promise.allSettled(outcomes)
  for (const result of results) {
    if (result.status === 'rejected') assert.equal((result.reason as HsmError).code, 'OUTCOME_UNKNOWN')
  }
  assert.ok(results.some(({ status }) => status === 'fulfilled'))
  await tokens[0]!.plugIn(devices)
})

describe('members', () => {
  test('a refusal is passed on to the others, an error of the operation is not', async () => {
    const pool = pools.of('grp_1')
    const asked = new Set<string>()
    const refused = signature({
      run: async (_, { id }) => {
        asked.add(id!)
        throw new RangeError('not with this key')
      },
    })
    await assert.rejects(pool.run(refused, never), { code: 'KEY_NOT_USABLE' })
    assert.equal(asked.size, 3)
    asked.clear()
    const wrong = signature({
      run: async (_, { id }) => {
        asked.add(id!)
        throw new HsmError('INVALID', 'no')
      },
    })
    await assert.rejects(pool.run(wrong, never), { code: 'INVALID' })
    assert.equal(asked.size, 1)
  })

  test('a device alone, and one that moves to another group', async () => {
    const [one] = pools.of('grp_1').members
    const where = signature({ run: async (_, { id }) => Buffer.from(id!) })
    assert.equal(String(await pools.alone(one!).run(where, never)), one!.id)
    group = path => (path === one!.id ? 'grp_2' : 'grp_1')
    pools.refresh(one!.id!)
    assert.deepEqual([pools.of('grp_1').members.length, pools.of('grp_2').members], [2, [one]])
    assert.equal(String(await pools.of('grp_2').run(where, never)), one!.id)
    await assert.rejects(pools.of('grp_3').run(where, never), { code: 'NO_DEVICE' })
    group = () => 'grp_1'
    pools.refresh(one!.id!)
    assert.equal(pools.of('grp_1').members.length, 3)
  })

  test('who has no more time', async () => {
    const slow = signature({ run: () => new Promise(() => {}), on: new Set([tokens[2]!.path]), single: false })
    await assert.rejects(pools.of('grp_1').run(slow, AbortSignal.timeout(10)), { code: 'TIMEOUT' })
    await assert.rejects(pools.of('grp_1').run(signature(), AbortSignal.abort()), { code: 'TIMEOUT' })
    const waits = pools.of('grp_1').run(signature({ on: new Set([tokens[2]!.path]) }), AbortSignal.timeout(10))
    await assert.rejects(waits, { code: 'TIMEOUT' })
  })
})
