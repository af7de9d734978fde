/** DERIVE KEY: the new key is the sum, on every curve; and every rule with its status word. */
import assert from 'node:assert/strict'
import { createECDH, createHash, randomBytes, verify } from 'node:crypto'
import { test } from 'node:test'
import { curves, Decipher, DeriveKey, GenerateKeyPair, keyAlgorithm, publicKeyObject, Sign } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { emulatedToken, exchanges } from '@keytether/test/emulated-token'
import { derivedKey } from '../keys/ec.ts'
import { generateEcKey, publicKeyOfPrivate } from '../keys/private-key.ts'

for (const { name, nodeName, domain } of curves) {
  test(`${name}: the sum of key and parameter`, () => {
    const key = generateEcKey(name)
    const sec1 = toHex(key.object.export({ format: 'der', type: 'sec1' }))
    const [, length = '', rest = ''] = /^30(?:81)?..02010104(..)(.*)$/.exec(sec1) ?? []
    const d = BigInt(`0x${rest.slice(0, 2 * Number.parseInt(length, 16))}`)
    const n = BigInt(`0x${toHex(domain.n)}`)
    const digits = (value: bigint) => value.toString(16).padStart(2 * domain.n.length, '0')
    const parameters = ['00', '01', digits(n - 1n), digits(n), toHex(randomBytes(domain.n.length)), 'ff'.repeat(200)]
    for (const parameter of parameters) {
      const expected = createECDH(nodeName)
      expected.setPrivateKey(digits((d + BigInt(`0x${parameter}`)) % n), 'hex')
      const derived = derivedKey(key, fromHex(parameter))!
      assert.deepEqual(Buffer.from(publicKeyOfPrivate(derived).q), expected.getPublicKey())
    }
    assert.equal(derivedKey(key, fromHex(digits(n - d))), undefined, 'no key is zero')
  })
}

const { domain } = curves.find(({ name }) => name === 'secp256r1')!
const parameters = { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain } as const
const base = { profile: 0, holderReference: 'ZZTEST00001', parameters }

function generate(key: number, data: Partial<Parameters<typeof GenerateKeyPair.encodeRequest>[1]> = {}): string {
  return toHex(GenerateKeyPair.encodeRequest({ key, signingKey: 0 }, { ...base, ...data }, { le: undefined }))
}

test('a derived key signs', async () => {
  const { emulator, send } = await emulatedToken('loggedIn')
  await send(generate(1))
  const [derived] = await emulator.transmit([
    DeriveKey.encodeRequest({ key: 1, newKey: 2 }, { parameter: fromHex('0102') }),
  ])
  assert.equal(DeriveKey.decodeResponse(derived!).status, 'ok')
  const message = Buffer.from('a message')
  const hash = createHash('sha256').update(message).digest()
  const [shared, signature] = await emulator.transmit([
    Decipher.encodeRequest({ key: 2, algorithm: 0x80 }, domain.g),
    Sign.encodeRequest({ key: 2, algorithm: 0x70 }, hash),
  ])
  const point = Decipher.decodeResponse(shared!)
  const signed = Sign.decodeResponse(signature!)
  assert.ok(point.status === 'ok' && signed.status === 'ok')
  const publicKey = publicKeyObject({ kind: 'ec', oid: parameters.oid, domain, q: point.data })
  assert.ok(verify('sha256', message, publicKey, signed.data))
})

exchanges('rules', 'loggedIn', [
  ['no such key', '80760102 03 980102', '6A82'],
  ['a key for everything, twice', generate(1, { useCounter: 2 }), '9000'],
  ['a key for signatures', generate(3, { algorithms: fromHex('70') }), '9000'],
  ['an AES key', '004804B0', '9000'],
  ['the device key', '80760002 03 980102', '6A81'],
  ['in place of the device key', '80760100 03 980102', '6A86'],
  ['not in the list', '80760305 03 980102', '6A81'],
  ['not an EC key', '80760405 03 980102', '6A81'],
  ['the new reference is taken', '80760103 03 980102', '6A89'],
  ['no parameter', '80760102 01 98', '6700'],
  ['no data', '80760102', '6A80'],
  ['in another way', '80760102 03 990102', '6A80'],
  ['none of these counted', '00A4000002CC0100', /A508900400000002/],
  ['derived', '80760102 03 980102', '9000'],
  ['no certificate comes with it', '80580000 000000', 'CC00 2F02 CC01 CC02 CC03 CC04 CE01 CE03 9000'],
  ['one use is left', '00A4000002CC0100', /A508900400000001/],
  ['and of the new one, too: it may be the same key', '00A4000002CC0200', /A508900400000001/],
  ['derived from the derived', '80760205 03 980102', '9000'],
  ['used up', '80760206 03 980102', '6984'],
])
