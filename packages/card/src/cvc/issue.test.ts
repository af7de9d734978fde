import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { concat, decode, fromHex, toHex } from '@keytether/codec'
import { vectors } from '@keytether/test/vectors'
import { AuthenticatedRequest, Certificate, type CertificateBody } from './certificate.ts'
import { curves } from './curves.ts'
import { issueCertificate, issueRequest } from './issue.ts'
import { publicKeyOf } from './key-object.ts'
import { keyAlgorithm, type PublicKey } from './public-key.ts'
import { verifyCertificate, verifyRequest } from './verify.ts'

const { unitTestRoot, nitrokeyRequest } = vectors<{ unitTestRoot: string; nitrokeyRequest: string }>(
  'certificates.json',
)

test('a real root’s values and signature make its very bytes', () => {
  const { body, signature } = decode(Certificate, fromHex(unitTestRoot))
  const bytes = issueCertificate(body.value, message => {
    assert.deepEqual(message, body.raw)
    return signature
  })
  assert.equal(toHex(bytes), unitTestRoot)
})

test('a real request’s values and signatures make its very bytes', () => {
  const { certificate, authorityReference, signature } = decode(AuthenticatedRequest, fromHex(nitrokeyRequest))
  const inner = certificate.value
  const bytes = issueRequest({
    body: inner.body.value,
    sign: () => inner.signature,
    authorityReference,
    authenticate: message => {
      assert.deepEqual(message, concat(certificate.raw, fromHex('4210'), new TextEncoder().encode(authorityReference)))
      return signature
    },
  })
  assert.equal(toHex(bytes), nitrokeyRequest)
})

const hashes = {
  sha1: keyAlgorithm.ecdsaSha1,
  sha224: keyAlgorithm.ecdsaSha224,
  sha256: keyAlgorithm.ecdsaSha256,
  sha384: keyAlgorithm.ecdsaSha384,
  sha512: keyAlgorithm.ecdsaSha512,
}

function selfSigned(publicKey: PublicKey, signWith: (message: Uint8Array) => Uint8Array): Certificate {
  const body: CertificateBody = {
    profile: 0,
    authorityReference: 'ZZTEST00001',
    publicKey,
    holderReference: 'ZZTEST00001',
    extensions: [{ oid: fromHex('2b0601040181c31f030202'), content: fromHex('800141') }],
  }
  const certificate = decode(Certificate, issueCertificate(body, signWith))
  assert.deepEqual(certificate.body.value, body)
  return certificate
}

for (const { name, nodeName } of curves) {
  test(`issued and verified on ${name}, with every hash`, () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: nodeName })
    const key = publicKeyOf(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })))
    for (const [hash, oid] of Object.entries(hashes)) {
      const named = { ...key, oid: fromHex(oid) }
      const certificate = selfSigned(named, message =>
        sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
      )
      assert.ok(verifyCertificate(certificate, named), hash)
      assert.ok(!verifyCertificate(certificate, { ...key, oid: fromHex(keyAlgorithm.rsaSha256) }))
    }
  })
}

test('issued and verified with RSA', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const key = publicKeyOf(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })))
  for (const [hash, oid] of [
    ['sha256', keyAlgorithm.rsaSha256],
    ['sha512', keyAlgorithm.rsaSha512],
  ] as const) {
    const named = { ...key, oid: fromHex(oid) }
    const certificate = selfSigned(named, message => sign(hash, message, privateKey))
    assert.ok(verifyCertificate(certificate, named))
    assert.ok(!verifyCertificate({ ...certificate, signature: certificate.signature.subarray(1) }, named))
  }
})

test('a request that another key or another device has signed is not the device’s', () => {
  const pair = () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
    const key = publicKeyOf(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })))
    const signWith = (message: Uint8Array) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return { key, signWith }
  }
  const [own, device, stranger] = [pair(), pair(), pair()]
  const body = { profile: 0, publicKey: own.key, holderReference: 'ZZKEY00001' }
  const request = (inner: typeof own, outer: typeof own) =>
    decode(
      AuthenticatedRequest,
      issueRequest({
        body,
        sign: inner.signWith,
        authorityReference: 'ZZDEVICE00001',
        authenticate: outer.signWith,
      }),
    )
  assert.ok(verifyRequest(request(own, device), device.key))
  assert.ok(!verifyRequest(request(own, stranger), device.key))
  assert.ok(!verifyRequest(request(stranger, device), device.key))
  assert.ok(!verifyRequest(request(own, own), device.key))
})
