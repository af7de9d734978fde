/** AES keys: what is sent, and answers that no card should give. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCommand } from '@keytether/card'
import { concat, fromHex, toHex } from '@keytether/codec'
import { type ScriptedCard, scriptedCard } from '@keytether/test/scripted-card'
import type { DriverError } from './errors.ts'
import { Link } from './link.ts'
import { SecretKeys } from './secret-keys.ts'
import type { KeyInfo } from './types.ts'

const key: KeyInfo = {
  reference: 2,
  id: Uint8Array.of(2),
  label: 'a key',
  kind: 'AES',
  bits: 128,
  algorithms: [],
  warnings: [],
}
const iv = fromHex('000102030405060708090a0b0c0d0e0f')
const ok = fromHex('9000')

function secretKeys(channel: ScriptedCard): SecretKeys {
  return new SecretKeys(new Link(channel, 1232))
}

/** A cipher that turns each block's bits over: enough to see what is chained with what. */
function invertingCard(): ScriptedCard {
  return scriptedCard(command =>
    concat(
      decodeCommand(command).data.map(byte => byte ^ 0xff),
      ok,
    ),
  )
}

test('encryption: the vector goes into the first block, and the last block into the next command', async () => {
  const channel = invertingCard()
  const cryptogram = await secretKeys(channel).encryptCbc(key, iv, new Uint8Array(1216 + 16))
  const sent = channel.transmissions.map(batch => batch.map(command => decodeCommand(command)))
  assert.deepEqual(
    sent.map(batch => batch.map(({ p1, p2, data }) => [p1, p2, data.length])),
    [[[2, 0x10, 1216]], [[2, 0x10, 16]]],
  )
  assert.deepEqual(sent[0]![0]!.data.slice(0, 16), iv)
  assert.deepEqual(sent[1]![0]!.data, new Uint8Array(16).fill(0xff))
  assert.deepEqual(cryptogram.slice(-16), new Uint8Array(16))
})

test('decryption: all commands together, and what they are chained with goes into what comes out', async () => {
  const channel = invertingCard()
  const cryptogram = Uint8Array.from({ length: 1216 + 16 }, (_, i) => (i >= 1200 && i < 1216 ? 0x33 : 0))
  const plain = await secretKeys(channel).decryptCbc(key, iv, cryptogram)
  assert.deepEqual(
    channel.transmissions.map(batch => batch.length),
    [2],
  )
  assert.equal(toHex(plain.subarray(0, 16)), 'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0')
  assert.equal(toHex(plain.subarray(-16)), 'cc'.repeat(16))
})

test('answers of another length', async () => {
  for (const answer of ['9000', `${'00'.repeat(32)}9000`]) {
    const keys = secretKeys(scriptedCard(() => fromHex(answer)))
    for (const use of [keys.encryptCbc(key, iv, iv), keys.decryptCbc(key, iv, iv)]) {
      await assert.rejects(use, (error: DriverError) => error.code === 'MALFORMED')
    }
  }
})

test('refusals', async () => {
  const cases = {
    '6982': 'NOT_LOGGED_IN',
    '6a82': 'KEY_NOT_FOUND',
    '6984': 'KEY_EXHAUSTED',
    '6985': 'ALGORITHM_NOT_ALLOWED',
  }
  for (const [status, code] of Object.entries(cases)) {
    const keys = secretKeys(scriptedCard(() => fromHex(status)))
    for (const use of [keys.encryptCbc(key, iv, iv), keys.cmac(key, iv), keys.derive(key, iv)]) {
      await assert.rejects(use, (error: DriverError) => error.code === code)
    }
  }
})

test('what cannot be is not sent', async () => {
  const channel = scriptedCard(() => ok)
  const keys = secretKeys(channel)
  const ec: KeyInfo = { ...key, kind: 'EC' }
  for (const [use, message] of [
    [keys.encryptCbc(ec, iv, iv), /wanted an AES key, a key is an EC key/],
    [keys.cmac(ec, iv), /wanted an AES key/],
    [keys.encryptCbc(key, iv.subarray(1), iv), /initialisation vector of 16 bytes, got 15/],
    [keys.decryptCbc(key, iv, new Uint8Array()), /whole blocks of 16 bytes, got 0/],
    [keys.derive(key, new Uint8Array(2000)), /carries at most 1223 bytes/],
    [keys.generate(512 as 256, { label: 'x' }), /128, 192 or 256 bits, got 512/],
  ] as const) {
    await assert.rejects(use, error => error instanceof RangeError && message.test(error.message))
  }
  assert.equal(channel.transmissions.length, 0)
})

test('a long CMAC with a key that does not encrypt: the limit is told', async () => {
  const keys = secretKeys(scriptedCard(() => fromHex('6a81')))
  await assert.rejects(keys.cmac(key, new Uint8Array(2000)), (error: DriverError) => {
    assert.equal(error.code, 'ALGORITHM_NOT_ALLOWED')
    assert.match(error.message, /over at most 1223 bytes, got 2000; for longer messages it must allow CBC encryption/)
    return true
  })
})
