import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat, decode, fromHex } from '@keytether/codec'
import { fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects } from '@keytether/test/tables'
import { KeyParameters, keyAlgorithm, PublicKey } from './public-key.ts'

const ecdsa = fromHex(keyAlgorithm.ecdsaSha256)
const rsa = fromHex(keyAlgorithm.rsaSha256)
const ecOid = `060a${keyAlgorithm.ecdsaSha256}`
const rsaOid = `060a${keyAlgorithm.rsaSha256}`

/** Numbers of one byte: the format does not look at them. */
const domain = {
  p: Uint8Array.of(1),
  a: Uint8Array.of(2),
  b: Uint8Array.of(3),
  g: Uint8Array.of(4),
  n: Uint8Array.of(5),
  h: Uint8Array.of(1),
}
const domainHex = '810101 820102 830103 840104 850105'

describe('public keys', () => {
  bothWays(PublicKey, [
    [
      'elliptic curve, with its domain parameters',
      { kind: 'ec', oid: ecdsa, domain, q: Uint8Array.of(6) },
      `${ecOid} ${domainHex} 860106 870101`,
    ],
    ['elliptic curve, without', { kind: 'ec', oid: ecdsa, q: Uint8Array.of(6) }, `${ecOid} 860106`],
    ['RSA', { kind: 'rsa', oid: rsa, n: Uint8Array.of(9), e: fromHex('010001') }, `${rsaOid} 810109 8203010001`],
  ])
  rejects(PublicKey, [
    ['nothing', '', /oid \(tag 06\) is missing/],
    ['no point', `${ecOid} ${domainHex} 870101`, /public point \(86\) is missing/],
    ['half of the domain parameters', `${ecOid} 810101 820102 860106`, /coefficient b \(83\) is missing/],
    ['no base point', `${ecOid} 810101 820102 830103 850105 860106`, /base point \(84\) is missing/],
    ['no modulus', `${rsaOid} 8203010001`, /modulus \(81\) is missing/],
    ['no exponent', `${rsaOid} 810109`, /exponent \(82\) is missing/],
    ['a modulus length', `${rsaOid} 810109 8203010001 02020800`, /tag 02 is not allowed in a public key/],
    ['two points', `${ecOid} 860106 860106`, /tag 86 occurs twice/],
    ['an unknown object', `${ecOid} 860106 8801ff`, /tag 88 is not allowed here/],
    ['an empty algorithm', '0600 860106', /wanted 1 to 16 bytes, got 0/],
  ])
  fuzzCodec('public key', PublicKey, [
    fromHex(`${ecOid} ${domainHex} 860106 870101`),
    fromHex(`${rsaOid} 810109 8203010001`),
  ])
})

describe('parameters of a key to be generated', () => {
  bothWays(KeyParameters, [
    ['elliptic curve', { kind: 'ec', oid: ecdsa, domain }, `${ecOid} ${domainHex} 870101`],
    ['RSA', { kind: 'rsa', oid: rsa, e: fromHex('010001'), bits: 2048 }, `${rsaOid} 8203010001 02020800`],
  ])
  test('RSA without an exponent, which is then 65537', () => {
    const parameters = decode(KeyParameters, fromHex(`${rsaOid} 02020800`))
    assert.deepEqual(parameters, { kind: 'rsa', oid: rsa, e: fromHex('010001'), bits: 2048 })
  })
  rejects(KeyParameters, [
    ['a public point', `${ecOid} ${domainHex} 860106 870101`, /tag 86 is not allowed/],
    ['no domain parameters', ecOid, /prime \(81\) is missing/],
    ['no modulus length', `${rsaOid} 8203010001`, /modulus length \(02\) is missing/],
    ['a private key to be imported', `${ecOid} ${domainHex} 8a0107`, /tag 8A is not allowed here/],
  ])
  fuzzCodec('key parameters', KeyParameters, [
    concat(fromHex(ecOid), fromHex(domainHex), fromHex('870101')),
    fromHex(`${rsaOid} 8203010001 02020800`),
  ])
})
