/** Derived EC keys on a card that does not add up. */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { DeriveKey, decodeCommand, publicKeyOf, Sign, UpdateBinary } from '@keytether/card'
import { concat, fromHex } from '@keytether/codec'
import { scriptedCard } from '@keytether/test/scripted-card'
import { deriveKey } from './derive-key.ts'
import type { DriverError } from './errors.ts'
import { Link } from './link.ts'
import type { Identity, KeyInfo } from './types.ts'

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const key: KeyInfo = {
  reference: 1,
  id: Uint8Array.of(1),
  label: 'master',
  kind: 'EC',
  bits: 256,
  publicKey: publicKeyOf(pair.publicKey.export({ type: 'spki', format: 'der' })),
  algorithms: [],
  warnings: [],
}
const identity = { holderReference: 'ZZTEST000100000' } as Identity
const ok = fromHex('9000')

/** Its new key signs with `signer`, or not at all. */
function card(signer: KeyObject | undefined) {
  const written: number[] = []
  const channel = scriptedCard(bytes => {
    const command = decodeCommand(bytes)
    if (command.ins === 0x58) return fromHex('CC00 2F02 CC01 9000')
    if (UpdateBinary.matches(command)) written.push((command.p1 << 8) | command.p2)
    if (!Sign.matches(command)) return ok
    if (signer === undefined) return fromHex('6A81')
    // Of the hash of a hash, but neither is by the key that is wanted.
    return concat(sign('sha256', command.data, signer), ok)
  })
  return { channel, written, link: new Link(channel, 1232) }
}

test('another key than the sum: it is not described, and the error says which it is', async () => {
  const { link, written } = card(pair.privateKey)
  await assert.rejects(deriveKey(link, identity, key, fromHex('01'), { label: 'new' }), (error: DriverError) => {
    assert.equal(error.code, 'MALFORMED')
    assert.match(error.message, /key 2 was derived, but it is not the sum of key and parameter.* Delete it/)
    return true
  })
  assert.deepEqual(written, [])
})

test('a key that does not sign: described, without a public key', async () => {
  const { link, written, channel } = card(undefined)
  const derived = await deriveKey(link, identity, key, fromHex('0102'), { label: 'new', id: fromHex('77') })
  assert.deepEqual([derived.reference, derived.label, derived.publicKey], [2, 'new', undefined])
  assert.deepEqual(written, [0xc402])
  const sent = channel.transmissions.flat().map(bytes => decodeCommand(bytes))
  assert.deepEqual(sent.find(command => DeriveKey.matches(command))!.data, fromHex('980102'))
})

test('what cannot be is not sent', async () => {
  const { link, channel } = card(undefined)
  const rsa = createPublicKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)
  for (const [wrong, parameter, message] of [
    [{ ...key, publicKey: publicKeyOf(rsa.export({ type: 'spki', format: 'der' })) }, '01', /wanted an EC key/],
    [key, '', /wanted a parameter/],
  ] as const) {
    await assert.rejects(deriveKey(link, identity, wrong, fromHex(parameter), { label: 'new' }), message)
  }
  assert.equal(channel.transmissions.length, 0)
})
