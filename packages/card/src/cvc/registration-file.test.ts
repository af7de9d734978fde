import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, DecodeError, decode, encode, fromHex, tlv, toHex } from '@keytether/codec'
import { vectors } from '@keytether/test/vectors'
import { AuthenticatedRequest, Certificate } from './certificate.ts'
import { RegistrationFile } from './registration-file.ts'

const { picoRequest, picoDevice, picoIssuer } =
  vectors<Record<'picoRequest' | 'picoDevice' | 'picoIssuer', string>>('certificates.json')
const [request, device, issuer] = [picoRequest, picoDevice, picoIssuer].map(fromHex) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const value = {
  request: decode(AuthenticatedRequest, request),
  device: decode(Certificate, device),
  issuer: decode(Certificate, issuer),
}

const raw = { write: (out: { bytes(value: Uint8Array): void }, bytes: Uint8Array) => out.bytes(bytes) }
function object(tag: number, ...content: Uint8Array[]): Uint8Array {
  return encode(tlv(tag, { ...raw, read: () => assert.fail() }), concat(...content))
}

const oid = fromHex('060b2b0601040181c31f040301')
const current = object(0x30, oid, object(0x61, issuer), object(0x62, device), object(0x63, request))
const older = object(0x30, request, device, issuer)

test('the current form, both ways', () => {
  assert.equal(toHex(encode(RegistrationFile, value)), toHex(current))
  assert.deepEqual(decode(RegistrationFile, current), value)
})

test('the older form is read', () => {
  assert.deepEqual(decode(RegistrationFile, older), value)
})

test('refused', () => {
  const bad: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['nothing', new Uint8Array(), /wanted/],
    ['no sequence', request, /wanted tag 30, got 67/],
    ['an empty sequence', fromHex('3000'), /request \(tag 67\) is missing/],
    ['of another type', object(0x30, fromHex('060b2b0601040181c31f040302')), /wanted/],
    ['without the request', object(0x30, oid, object(0x61, issuer), object(0x62, device)), /tag 63\) is missing/],
    ['without the issuer', object(0x30, request, device), /issuer \(tag 7F21\) is missing/],
    ['in another order', object(0x30, device, issuer, request), /out of order/],
    ['with more after it', concat(current, fromHex('00')), /left over/],
    ['cut short', current.subarray(0, -1), /wanted/],
  ]
  for (const [what, bytes, message] of bad) {
    assert.throws(
      () => decode(RegistrationFile, bytes),
      error => error instanceof DecodeError && message.test(error.message),
      what,
    )
  }
})
