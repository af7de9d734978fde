import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { decode, encode, fromHex, toHex } from '@keytether/codec'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import { vectors } from '@keytether/test/vectors'
import { AuthenticatedRequest } from '../cvc/certificate.ts'
import { PrivateKeyDescription } from '../files/key-description.ts'
import { WrappedKeyFile } from './wrapped-key-file.ts'

const { real } = vectors<{ real: Record<string, string> }>('key-domains.json')
const { nitrokeyRequest } = vectors<Record<string, string>>('certificates.json')

describe('a file of a real device', () => {
  const bytes = fromHex(real.wrappedKeyFile!)
  const file = decode(WrappedKeyFile, bytes)
  test('description and request', () => {
    assert.equal(decode(PrivateKeyDescription, file.description!).label, real.label)
    assert.equal(toHex(file.certificate!), nitrokeyRequest)
    const { publicKey } = decode(AuthenticatedRequest, file.certificate!).certificate.value.body.value
    assert.ok(publicKey.kind === 'ec')
    assert.equal(toHex(publicKey.q), real.publicPoint)
    const { id } = decode(PrivateKeyDescription, file.description!)
    assert.equal(toHex(id), hash('sha1', publicKey.q.subarray(1, 33)), 'known by the hash of x')
  })
  test('the file that was published', () =>
    assert.equal(hash('sha256', bytes), 'ea8ede6c9a955fd75530607c0103b42b141cf84c4c775e3be9459cea69967f2a'))
  test('written again', () => assert.deepEqual(encode(WrappedKeyFile, file), bytes))
})

const [blob, description, certificate, request] = ['0102', '30020500', '3003020100', '6700'].map(fromHex) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

describe('wrapped key file', () => {
  bothWays(WrappedKeyFile, [
    ['the blob alone', { blob }, '3004 04020102'],
    ['with a description', { blob, description }, '3008 04020102 30020500'],
    ['with description and certificate', { blob, description, certificate }, '300d 04020102 30020500 3003020100'],
    ['with a request alone', { blob, certificate: request }, '3006 04020102 6700'],
  ])
  rejects(WrappedKeyFile, [
    ['nothing', '', /wanted 1 bytes/],
    ['another tag', '3104 04020102', /wanted tag 30, got 31/],
    ['no blob', '3004 30020500', /wanted tag 04, got 30/],
    ['an empty blob', '3002 0400', /wanted 1 to 65535 bytes, got 0/],
    ['half a description', '3007 04020102 300205', /wanted 2 bytes, 1 left/],
    ['a third object', '300f 04020102 30020500 3003020100 6700', /2 bytes left over/],
    ['something after a request', '3008 04020102 6700 0500', /2 bytes left over/],
    ['something after the file', '3004 04020102 00', /1 bytes left over/],
  ])
  unwritable(WrappedKeyFile, [
    ['a certificate that would be read as a description', { blob, certificate }, /needs a description/],
  ])
})
