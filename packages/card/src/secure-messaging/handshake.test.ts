import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { curveByName, curves } from '../cvc/curves.ts'
import { type EcPublicKey, keyAlgorithm } from '../cvc/public-key.ts'
import { SecureMessagingError } from '../errors.ts'
import { chipHandshake, hostHandshake } from './handshake.ts'

const oid = fromHex(keyAlgorithm.ecdsaSha256)

function chipOn({ nodeName, domain }: (typeof curves)[number]) {
  const ecdh = createECDH(nodeName)
  const key: EcPublicKey = { kind: 'ec', oid, domain, q: ecdh.generateKeys() }
  return { key, computeSecret: (point: Uint8Array) => ecdh.computeSecret(point) }
}

for (const curve of curves) {
  test(`a channel to a chip with a key on ${curve.name}`, () => {
    const chip = chipOn(curve)
    const host = hostHandshake(chip.key)
    const { session: card, ...answer } = chipHandshake(chip.computeSecret, host.ephemeralKey)
    const session = host.open(answer)
    const command = card.unprotectCommand(session.protect(fromHex('0020008100')))
    assert.deepEqual(command, fromHex('0020008100'))
    assert.deepEqual(session.unprotect(card.protectResponse(fromHex('63c3'))), fromHex('63c3'))
  })
}

const brainpool = curveByName('brainpoolP256r1')

test('a chip without the private key of its certificate gets no channel', () => {
  const host = hostHandshake(chipOn(brainpool).key)
  const { session, ...answer } = chipHandshake(chipOn(brainpool).computeSecret, host.ephemeralKey)
  const isToken = (error: unknown) => error instanceof SecureMessagingError && error.code === 'TOKEN'
  assert.throws(() => host.open(answer), isToken)
  assert.throws(() => host.open({ ...answer, token: new Uint8Array() }), isToken)
  assert.throws(() => host.open({ ...answer, token: new Uint8Array(8) }), isToken)
})

test('every handshake has a key and a nonce of its own', () => {
  const chip = chipOn(brainpool)
  const [one, two] = [hostHandshake(chip.key), hostHandshake(chip.key)]
  assert.notDeepEqual(one.ephemeralKey, two.ephemeralKey)
  const answer = chipHandshake(chip.computeSecret, one.ephemeralKey)
  const again = chipHandshake(chip.computeSecret, one.ephemeralKey)
  assert.notDeepEqual(answer.nonce, again.nonce)
  assert.throws(() => two.open(answer), SecureMessagingError)
})

test('a key that is none is refused on either side', () => {
  const { key, computeSecret } = chipOn(brainpool)
  const off = key.q.slice()
  off[64]! ^= 1
  assert.throws(() => hostHandshake({ ...key, q: off }), /on its curve/)
  assert.throws(() => hostHandshake({ ...key, q: Uint8Array.of(0) }), /on its curve/)
  assert.throws(() => hostHandshake({ ...key, domain: undefined }), /domain parameters/)
  const ownBasePoint = { ...brainpool.domain, g: key.q }
  assert.throws(() => hostHandshake({ ...key, domain: ownBasePoint }), /domain parameters/)
  assert.throws(() => chipHandshake(computeSecret, off))
})
