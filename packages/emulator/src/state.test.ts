/** State files outlive the program that wrote them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode, fromHex, toHex } from '@keytether/codec'
import { apdu, emulatedToken } from '@keytether/test/emulated-token'
import { vectors } from '@keytether/test/vectors'
import { StateFormat } from './state.ts'
import { memoryStore } from './store/store.ts'

const old = fromHex(vectors<{ state: string }>('emulator-state.json').state)

test('a state from before there were AES keys, key domains and public key authentication: read, and written the same', () => {
  const state = decode(StateFormat, old)
  assert.deepEqual(
    [...state.keys].map(([reference, { privateKey, useCounter, algorithms }]) => [
      reference,
      privateKey.kind,
      useCounter,
      toHex(algorithms),
    ]),
    [
      [1, 'ec', 1000, '7080'],
      [2, 'rsa', undefined, ''],
    ],
  )
  assert.equal(toHex(encode(StateFormat, state)), toHex(old))
})

test('such a card goes on', async () => {
  const store = memoryStore()
  await store.save(old)
  const { send } = await emulatedToken('selected', store)
  assert.equal(await send('00200081'), '63C2')
  assert.equal(await send(apdu.verify), '9000')
  assert.match(await send(`80680170 20 ${'5a'.repeat(32)} 00`), /^30.*9000$/)
  assert.match(await send('00A4000002CC0100'), /9004000003E7/)
  assert.equal(await send('004803B2 06 910410111899'), '9000')
  assert.match(await send(`80780310 10 ${'00'.repeat(16)} 00`), /^.{32}9000$/)
})
