import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat, DecodeError, decode, encode, equal, fromHex, toHex } from '@keytether/codec'
import { deviceIdentity } from '@keytether/test/device-identity'
import { fuzz, fuzzCodec } from '@keytether/test/fuzz'
import { vectors } from '@keytether/test/vectors'
import { AuthenticatedRequest, Certificate, DeviceCertificates } from '../cvc/certificate.ts'
import { curves } from '../cvc/curves.ts'
import { issueRequest, type RequestIssue } from '../cvc/issue.ts'
import { publicKeyObject, publicKeyOf, subjectPublicKeyInfo } from '../cvc/key-object.ts'
import { cardContactRoots } from '../cvc/roots.ts'
import { groupExtension } from '../key-domain/membership.ts'
import { Attestation, type ToldByCard } from './attestation.ts'
import { type AttestationFailure, verifyAttestation } from './verify.ts'

const identity = deviceIdentity()
const other = deviceIdentity('ZZOTHER00100000')
const roots = [identity.root]
const told: ToldByCard = { reference: 1, label: 'web', id: fromHex('0102'), algorithms: [0x73, 0x92] }

function ecKey(namedCurve = 'prime256v1'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey
}

function publicKeyBytes(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

interface Making extends Partial<RequestIssue> {
  readonly uid?: Uint8Array
}

/** The request of a key, signed by the key and by the device of the test unless told. */
function request(key: KeyObject, { uid, ...changed }: Making = {}): Uint8Array {
  const extensions = uid && [groupExtension(uid)]
  const publicKey = publicKeyOf(publicKeyBytes(key))
  return issueRequest({
    body: { profile: 0, authorityReference: 'UTCA00001', publicKey, holderReference: 'ZZTEST000100001', extensions },
    sign: message => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
    authorityReference: identity.holderReference,
    authenticate: identity.key.sign,
    ...changed,
  })
}

function certificatesOf({ certificates }: { readonly certificates: Uint8Array }): Uint8Array[] {
  return decode(DeviceCertificates, certificates).map(each => encode(Certificate, each))
}

function attestation(requests: readonly Uint8Array[], device = identity): Attestation {
  return { deviceCertificates: certificatesOf(device), keys: requests.map(each => ({ request: each, told })) }
}

describe('the document', () => {
  const key = ecKey()
  const full: Attestation = {
    deviceCertificates: certificatesOf(identity),
    keys: [
      {
        request: request(key),
        told: {
          ...told,
          useCounter: 7,
          keyDomain: { index: 0, kind: 'DKEK', keyCheckValue: fromHex('97e303855dc1c54d') },
        },
      },
      {
        request: request(ecKey('secp384r1'), { uid: fromHex('aabb') }),
        told: { ...told, algorithms: [], keyDomain: { index: 3, kind: 'XKEK', uid: fromHex('aabb') } },
      },
    ],
  }
  const document = () => JSON.parse(Buffer.from(encode(Attestation, full)).toString())
  const reading = (value: unknown) => () =>
    decode(Attestation, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
  const refused = (value: unknown, message: RegExp) =>
    assert.throws(reading(value), error => error instanceof DecodeError && message.test(error.message))

  test('both ways', () => {
    assert.deepEqual(decode(Attestation, encode(Attestation, full)), full)
    const none: Attestation = { deviceCertificates: [], keys: [] }
    assert.deepEqual(decode(Attestation, encode(Attestation, none)), none)
  })

  test('says in words what the device has signed, and apart from it what it has not', () => {
    const { format, version, keys } = document()
    assert.deepEqual({ format, version }, { format: 'keytether attestation', version: 1 })
    const [first, second] = keys
    assert.equal(first.signedByDevice.device, 'ZZTEST000100000')
    assert.equal(first.signedByDevice.publicKey, createPublicKey(key).export({ type: 'spki', format: 'pem' }))
    assert.equal(first.signedByDevice.keyDomainUid, undefined)
    assert.equal(second.signedByDevice.keyDomainUid, 'AABB')
    assert.deepEqual(first.toldByCard, {
      reference: 1,
      label: 'web',
      id: '0102',
      algorithms: ['73', '92'],
      useCounter: 7,
      keyDomain: { index: 0, kind: 'DKEK', keyCheckValue: '97E303855DC1C54D' },
    })
  })

  test('what says something else than the request is refused', () => {
    for (const [name, value] of Object.entries({
      device: 'ZZOTHER00100000',
      publicKey: createPublicKey(ecKey()).export({ type: 'spki', format: 'pem' }),
      keyDomainUid: 'aabb',
    })) {
      const changed = document()
      changed.keys[0].signedByDevice[name] = value
      refused(changed, new RegExp(`keys\\[0\\]\\.signedByDevice\\.${name}: it is not what the request says`))
    }
    const without = document()
    delete without.keys[1].signedByDevice.keyDomainUid
    refused(without, /keys\[1\]\.signedByDevice\.keyDomainUid: it is not what/)
  })

  test('hostile documents', () => {
    const json = JSON.stringify(document())
    const change = (change: (value: ReturnType<typeof document>) => void) => {
      const changed = document()
      change(changed)
      return changed
    }
    for (const [value, message] of [
      ['', /not JSON/],
      [json.slice(0, -1), /not JSON/],
      ['[]', /wanted an object/],
      ['null', /wanted an object/],
      ['{}', /format is missing/],
      [change(it => (it.format = 'another')), /format: wanted "keytether attestation"/],
      [change(it => (it.version = 2)), /version: wanted 1/],
      [change(it => (it.more = 1)), /no member "more"/],
      [json.replace('{', '{"__proto__":{},'), /no member "__proto__"/],
      [json.replace('"version":1', '"version":1,"version":1'), /a member occurs twice/],
      [json.replace('"label":"web"', '"label":"web","l\\u0061bel":"other"'), /a member occurs twice/],
      [change(it => it.keys.push(it.keys[0])), /keys\[2\]: the same key as keys\[0\]/],
      [change(it => (it.keys = Array(256).fill(it.keys[0]))), /keys: wanted at most 255 items/],
      [change(it => (it.keys[0] = 1)), /keys\[0\]: wanted an object/],
      [change(it => (it.keys[0].toldByCard.label = 1)), /label: wanted a text/],
      [change(it => (it.keys[0].toldByCard.reference = 1.5)), /reference: wanted an integer from 0 to 255/],
      [change(it => (it.keys[0].toldByCard.useCounter = -1)), /useCounter: wanted an integer/],
      [change(it => (it.keys[0].toldByCard.id = '0')), /id: wanted a text like/],
      [change(it => (it.keys[0].toldByCard.id = 'ab')), /id: wanted a text like/],
      [change(it => (it.keys[0].toldByCard.algorithms = ['733'])), /algorithms\[0\]: wanted/],
      [change(it => (it.keys[0].toldByCard.keyDomain.kind = 'other')), /kind: wanted DKEK or XKEK/],
      [change(it => (it.keys[0].signedByDevice.request += 'AA')), /request: wanted Base64/],
      [change(it => (it.keys[0].signedByDevice.request = 'ZwA=')), /signedByDevice\.request: /],
      [change(it => (it.deviceCertificates[0] = 'ZwA=')), /deviceCertificates\[0\]: /],
      [change(it => (it.deviceCertificates = Array(4).fill(it.deviceCertificates[0]))), /at most 3 items/],
      [`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`, /wanted an object/],
      [' '.repeat(2 ** 21 + 1), /bytes/],
      [JSON.stringify({ ...document(), format: '\\"'.repeat(300_000) }), /format: wanted/],
    ] as const) {
      refused(value, message)
    }
    assert.throws(() => decode(Attestation, Uint8Array.of(0xff)), /not UTF-8/)
  })

  fuzzCodec('attestation', Attestation, [encode(Attestation, full)], { runs: 150 })
})

describe('what it proves', () => {
  const verdict = (made: Attestation, trusted = roots) => {
    const { chain, keys } = verifyAttestation(decode(Attestation, encode(Attestation, made)), trusted)
    return { chain, keys, reasons: keys.map(key => (key.ok ? undefined : key.reason)) }
  }

  test('keys on every curve, and RSA keys', () => {
    const keys = [
      ...curves.map(({ nodeName }) => ecKey(nodeName)),
      ...[1024, 2048, 3072].map(modulusLength => generateKeyPairSync('rsa', { modulusLength }).privateKey),
    ]
    const { chain, keys: verdicts } = verdict(attestation(keys.map(key => request(key))))
    assert.ok(chain.ok)
    assert.equal(chain.path, 'ZZTESTROOT/ZZTESTCA/ZZTEST0001')
    assert.equal(chain.root.kind, 'own')
    for (const [index, { ok, publicKey, device, keyDomainUid }] of verdicts.entries()) {
      assert.ok(ok)
      assert.ok(publicKeyObject(publicKey).equals(createPublicKey(keys[index]!)))
      assert.equal(device, 'ZZTEST000100000')
      assert.equal(keyDomainUid, undefined)
    }
  })

  test('the group of devices that a key was made for', () => {
    const uid = fromHex('ab'.repeat(64))
    const [key] = verdict(attestation([request(ecKey(), { uid })])).keys
    assert.ok(key?.ok)
    assert.deepEqual(key.keyDomainUid, uid)
  })

  const failures: readonly (readonly [why: string, Attestation, AttestationFailure])[] = [
    [
      'signed with another key than its own',
      attestation([request(ecKey(), { sign: identity.key.sign })]),
      'notSelfSigned',
    ],
    [
      'signed by another device under the name of this one',
      attestation([request(ecKey(), { authenticate: other.key.sign })]),
      'notSignedByDevice',
    ],
    [
      'the request of another device, with its chain left out',
      attestation([request(ecKey(), { authorityReference: other.holderReference, authenticate: other.key.sign })]),
      'otherDevice',
    ],
    [
      'this device has signed in the name of another',
      attestation([request(ecKey(), { authorityReference: other.holderReference })]),
      'otherDevice',
    ],
    ['the chain of another root', attestation([request(ecKey())], other), 'deviceUnknown'],
    ['no chain', { ...attestation([request(ecKey())]), deviceCertificates: [] }, 'deviceUnknown'],
    [
      'half a chain',
      { ...attestation([request(ecKey())]), deviceCertificates: certificatesOf(identity).slice(0, 1) },
      'deviceUnknown',
    ],
  ]
  for (const [why, made, reason] of failures) {
    test(`nothing: ${why}`, () => assert.deepEqual(verdict(made).reasons, [reason]))
  }

  test('one that is wrong leaves the others right', () => {
    const { reasons } = verdict(attestation([request(ecKey()), request(ecKey(), { sign: identity.key.sign })]))
    assert.deepEqual(reasons, [undefined, 'notSelfSigned'])
  })

  test('a root is trusted only if it was given', () => {
    const { chain, reasons } = verdict(attestation([request(ecKey())]), [...cardContactRoots])
    assert.deepEqual(chain, { ok: false, reason: 'untrustedRoot' })
    assert.deepEqual(reasons, ['deviceUnknown'])
  })

  test('the request of a real device: signed by its key, and for the rest there is no chain', () => {
    const { nitrokeyRequest } = vectors<Record<string, string>>('certificates.json')
    const made = { deviceCertificates: [], keys: [{ request: fromHex(nitrokeyRequest!), told }] }
    const { keys, reasons } = verdict(made, [...cardContactRoots])
    assert.deepEqual(reasons, ['deviceUnknown'])
    assert.equal(keys[0]?.device, 'DENK010570200000')
    assert.equal(toHex(subjectPublicKeyInfo(keys[0]!.publicKey)).slice(-128, -120), 'a19764d6')
  })

  test('no byte can be another: of the request, nor of the certificates', () => {
    const key = ecKey()
    const genuine = request(key)
    const believed = (made: Attestation) => {
      try {
        const [only] = verifyAttestation(made, roots).keys
        return only?.ok ? only.publicKey : undefined
      } catch (error) {
        assert.ok(error instanceof DecodeError)
        return undefined
      }
    }
    const certificates = certificatesOf(identity)
    for (const bit of [0x01, 0x80]) {
      for (let at = 0; at < genuine.length; at++) {
        const damaged = genuine.with(at, genuine[at]! ^ bit)
        assert.equal(believed({ ...attestation([damaged]) }), undefined, `request, byte ${at}`)
      }
      for (const [index, certificate] of certificates.entries()) {
        for (let at = 0; at < certificate.length; at++) {
          const deviceCertificates = certificates.with(index, certificate.with(at, certificate[at]! ^ bit))
          const made = { deviceCertificates, keys: [{ request: genuine, told }] }
          assert.equal(believed(made), undefined, `certificate ${index}, byte ${at}`)
        }
      }
    }
  })

  const sample = request(ecKey())
  fuzz(
    'what is damaged proves nothing',
    bytes => {
      const made = { ...attestation([]), keys: [{ request: bytes, told }] }
      const [only] = verifyAttestation(made, roots).keys
      assert.ok(!only?.ok || equal(encode(AuthenticatedRequest, decode(AuthenticatedRequest, bytes)), sample))
    },
    [sample, concat(sample, sample)],
  )
})
