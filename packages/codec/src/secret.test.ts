import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequenceOf, tlv, tlvs } from './ber-tlv.ts'
import { type Codec, decode, encode } from './codec.ts'
import { bytes, u8 } from './primitives.ts'
import { masked, secret } from './secret.ts'
import { struct } from './struct.ts'

const pin = Uint8Array.of(1, 2, 3)

test('a secret is written and read as ever, and masked for who shows it, wherever it stands', () => {
  const formats: [string, Codec<unknown>, unknown, unknown][] = [
    ['alone', secret(bytes()), pin, masked],
    ['none', secret(bytes()), new Uint8Array(), new Uint8Array()],
    ['of a struct', struct({ role: u8, pin: secret(bytes()) }), { role: 1, pin }, { role: 1, pin: masked }],
    [
      'in a template',
      tlv(0x30, tlvs({ role: tlv(0x80, u8), pin: tlv(0x81, secret(bytes())) })),
      { role: 1, pin },
      { role: 1, pin: masked },
    ],
    ['several', sequenceOf(tlv(0x81, secret(u8))), [1, 2], [masked, masked]],
  ]
  for (const [name, codec, value, shown] of formats) {
    const encoded = encode(codec, value)
    assert.deepEqual(decode(codec, encoded), value, name)
    assert.deepEqual(decode(codec, encoded, { secrets: 'masked' }), shown, name)
  }
})

test('what a secret may be is checked all the same', () => {
  assert.throws(() => decode(secret(bytes(4)), pin, { secrets: 'masked' }), { name: 'DecodeError' })
  assert.throws(() => encode(secret(bytes(4)), pin), RangeError)
})
