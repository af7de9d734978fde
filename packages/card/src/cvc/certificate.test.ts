import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat, DecodeError, decode, encode, fromHex, tlv, toHex } from '@keytether/codec'
import { rejects } from '@keytether/test/tables'
import { vectors } from '@keytether/test/vectors'
import { AuthenticatedRequest, Certificate, CertificateBody, DeviceCertificates } from './certificate.ts'
import { curveByName } from './curves.ts'
import type { PublicKey } from './public-key.ts'
import { verifyCertificate, verifyRequest, verifyWith } from './verify.ts'

const hex =
  vectors<
    Record<
      | 'productionRoot'
      | 'unitTestRoot'
      | 'picoDevice'
      | 'picoIssuer'
      | 'picoRequest'
      | 'picoRequestPrivateKey'
      | 'nitrokeyRequest',
      string
    >
  >('certificates.json')

const secp256k1 = curveByName('secp256k1').domain
const withDomain = (key: PublicKey): PublicKey => ({ ...key, domain: secp256k1 }) as PublicKey

for (const name of ['productionRoot', 'unitTestRoot', 'picoDevice', 'picoIssuer'] as const) {
  test(`${name}: the bytes come back out of the value`, () => {
    const certificate = decode(Certificate, fromHex(hex[name]))
    assert.equal(toHex(encode(Certificate, certificate)), hex[name])
    assert.equal(toHex(encode(tlv(0x7f4e, CertificateBody), certificate.body.value)), toHex(certificate.body.raw))
  })
}

for (const name of ['picoRequest', 'nitrokeyRequest'] as const) {
  test(`${name}: the bytes come back out of the value`, () => {
    const request = decode(AuthenticatedRequest, fromHex(hex[name]))
    assert.equal(toHex(encode(AuthenticatedRequest, request)), hex[name])
  })
}

test('what a root says', () => {
  const { body } = decode(Certificate, fromHex(hex.productionRoot))
  assert.deepEqual(body.value, {
    profile: 0,
    authorityReference: 'DESRCACC100001',
    publicKey: {
      kind: 'ec',
      oid: fromHex('04007f00070202020203'),
      domain: curveByName('brainpoolP256r1').domain,
      q: fromHex(
        '046d025a8026cdba245f10df1b72e9880fff746dab40a43a3d5c6bebf27707c30f6dea72430ee3287b0665c1eaa6eaa4fa26c46303001983f82bd1aa31e03da062',
      ),
    },
    holderReference: 'DESRCACC100001',
    role: { oid: fromHex('2b0601040181c31f030101'), flags: Uint8Array.of(0xc0) },
    validFrom: '2012-11-09',
    validTo: '2032-11-08',
  })
})

describe('real signatures', () => {
  test('the roots are signed by themselves, and not by each other', () => {
    const [production, unitTest] = [hex.productionRoot, hex.unitTestRoot].map(it => decode(Certificate, fromHex(it)))
    for (const root of [production!, unitTest!]) {
      assert.ok(verifyCertificate(root, root.body.value.publicKey))
    }
    assert.ok(!verifyCertificate(production!, unitTest!.body.value.publicKey))
  })

  test('device by issuer, with the domain parameters that both leave out', () => {
    const [device, issuer] = decode(DeviceCertificates, fromHex(hex.picoDevice + hex.picoIssuer))
    const key = issuer!.body.value.publicKey
    assert.ok(verifyCertificate(device!, withDomain(key)))
    assert.ok(!verifyCertificate(device!, key))
    assert.ok(!verifyCertificate(issuer!, withDomain(key)))
  })

  test('request by its own key and by the device', () => {
    const request = decode(AuthenticatedRequest, fromHex(hex.picoRequest))
    const device = withDomain(decode(Certificate, fromHex(hex.picoDevice)).body.value.publicKey)
    assert.ok(verifyRequest(request, device))

    const { publicKey } = request.certificate.value.body.value
    const ecdh = createECDH('brainpoolP256r1')
    ecdh.setPrivateKey(Buffer.from(hex.picoRequestPrivateKey, 'hex'))
    assert.equal(ecdh.getPublicKey('hex'), publicKey.kind === 'ec' && toHex(publicKey.q))

    assert.ok(!verifyRequest(request, publicKey), 'not the device’s key')
    assert.ok(!verifyRequest({ ...request, authorityReference: 'ESPICOHSMTRLRA4D' }, device), 'reference altered')
  })

  test('request of a real Nitrokey HSM by its own key', () => {
    const request = decode(AuthenticatedRequest, fromHex(hex.nitrokeyRequest))
    const { value } = request.certificate
    assert.ok(verifyCertificate(value, value.body.value.publicKey))
    assert.equal(value.body.value.authorityReference, 'UTCA00001')
    assert.equal(value.body.value.holderReference, 'DENK010570200001')
    assert.equal(request.authorityReference, 'DENK010570200000')
  })

  test('no altered byte of a certificate is still signed', () => {
    const original = fromHex(hex.unitTestRoot)
    const { publicKey } = decode(Certificate, original).body.value
    let decoded = 0
    for (let at = 0; at < original.length; at++) {
      const altered = original.slice()
      altered[at]! ^= 0x01
      let certificate: Certificate
      try {
        certificate = decode(Certificate, altered)
      } catch (error) {
        assert.ok(error instanceof DecodeError)
        continue
      }
      decoded++
      assert.ok(!verifyCertificate(certificate, publicKey), `byte ${at}`)
    }
    assert.ok(decoded > 300)
  })
})

test('a signature of another length, or under an unknown algorithm, is none', () => {
  const { body, signature } = decode(Certificate, fromHex(hex.unitTestRoot))
  const key = body.value.publicKey
  assert.ok(verifyWith(key, body.raw, signature))
  for (const wrong of [
    new Uint8Array(),
    signature.subarray(1),
    concat(signature, Uint8Array.of(0)),
    new Uint8Array(64),
    new Uint8Array(64).fill(0xff),
    new Uint8Array(1000),
  ]) {
    assert.equal(verifyWith(key, body.raw, wrong), false)
  }
  assert.equal(verifyWith(key, body.raw, signature, fromHex('04007f00070202020206')), false)
  assert.equal(verifyWith(key, body.raw, signature, fromHex('04007f00070202020102')), false, 'RSA')
  assert.equal(verifyWith(key, body.raw, signature, fromHex('04007f00070202020205')), false, 'another hash')
})

const body = '5f290100 7f490e 060a04007f00070202020203 8600 5f2001 41'

rejects(Certificate, [
  ['nothing', '', /wanted 1 bytes, 0 left/],
  ['an X.509 certificate', '3003020100', /wanted tag 7F21, got 30/],
  ['no signature', `7f211c 7f4e19 ${body}`, /signature \(tag 5F37\) is missing/],
  ['no body', '7f2104 5f370141', /body \(tag 7F4E\) is missing/],
  ['two bodies', '7f2106 7f4e00 7f4e00', /profile \(tag 5F29\) is missing/],
  ['signature first', '7f2107 5f370141 7f4e00', /out of order/],
  ['a length beyond the end', '7f21820200 7f4e00', /wanted 512 bytes, 3 left/],
  ['a length not in its shortest form', '7f218104 5f370141', /not in its shortest form/],
  ['bytes after the end', `${hex.unitTestRoot}00`, /1 bytes left over/],
])

rejects(CertificateBody, [
  ['a month that there is not', `${body} 5f2506 010201030001`, /is no date/],
  ['a digit above nine', `${body} 5f2506 01020a010101`, /is no date/],
  ['the thirtieth of February', `${body} 5f2406 020400020300`, /is no date/],
  ['five bytes of date', `${body} 5f2505 0102010101`, /wanted 6 bytes, 5 left/],
  ['an empty holder', '5f290100 7f490e 060a04007f00070202020203 8600 5f2000', /wanted 1 to 16 bytes, got 0/],
  [
    'a holder of 17 bytes',
    `5f290100 7f490e 060a04007f00070202020203 8600 5f2011 ${'41'.repeat(17)}`,
    /wanted 1 to 16 bytes, got 17/,
  ],
  ['control characters in a name', '5f290100 7f490e 060a04007f00070202020203 8600 5f2002 410a', /not printable ASCII/],
  ['two keys', `${body} 7f490e 060a04007f00070202020203 8600`, /occurs twice/],
  ['no key', '5f290100 5f200141', /publicKey \(tag 7F49\) is missing/],
])

rejects(AuthenticatedRequest, [
  ['a certificate', hex.unitTestRoot, /wanted tag 67, got 7F21/],
  ['no outer signature', '6700', /certificate \(tag 7F21\) is missing/],
])

test('extensions, and objects that we do not know, pass through', () => {
  const extended = fromHex(`${body} 6512 7310 060b2b0601040181c31f030202 800141 7f4a0141`)
  const { extensions } = decode(CertificateBody, extended)
  assert.deepEqual(extensions, [{ oid: fromHex('2b0601040181c31f030202'), content: fromHex('800141') }])
})
