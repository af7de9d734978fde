import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { decode, fromHex } from '@keytether/codec'
import { Certificate, type CertificateBody } from './certificate.ts'
import { type TrustRoot, verifyChain } from './chain.ts'
import { type CurveName, curveByName } from './curves.ts'
import { issueCertificate } from './issue.ts'
import { publicKeyOf } from './key-object.ts'
import { type EcPublicKey, keyAlgorithm, type PublicKey } from './public-key.ts'
import { cardContactRoots } from './roots.ts'

interface Pair {
  readonly publicKey: PublicKey
  readonly privateKey: KeyObject
}

function newPair(curve: CurveName = 'brainpoolP256r1'): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curveByName(curve).nodeName })
  return { publicKey: publicKeyOf(publicKey.export({ type: 'spki', format: 'der' })), privateKey }
}

/** A signer under SHA-256, whatever the key. */
function signer({ privateKey }: Pair) {
  return (message: Uint8Array) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

const oid = fromHex('2b0601040181c31f030101')
const flags = { root: 0xc0, issuer: 0x80, device: 0x00 } as const

interface Issue extends Partial<CertificateBody> {
  readonly by: Pair
  readonly role?: never
  readonly flags?: number
}

function certificate({ by, flags: bits, ...fields }: Issue & { publicKey: PublicKey }): Certificate {
  const body: CertificateBody = {
    profile: 0,
    authorityReference: 'ZZROOT00001',
    holderReference: 'ZZROOT00001',
    validFrom: '2001-01-01',
    validTo: '2001-12-31',
    ...(bits !== undefined && { role: { oid, flags: Uint8Array.of(bits) } }),
    ...fields,
  }
  return decode(Certificate, issueCertificate(body, signer(by)))
}

function withoutDomain(key: PublicKey): PublicKey {
  return key.kind === 'ec' ? { kind: 'ec', oid: key.oid, q: key.q } : key
}

const rootPair = newPair()
const issuerPair = newPair()
const devicePair = newPair()

const rootName = 'ZZROOT00001'
const issuerName = 'ZZISSUER00002'
const deviceName = 'ZZDEVICE00003'

const rootCertificate = certificate({ by: rootPair, publicKey: rootPair.publicKey, flags: flags.root })
const root: TrustRoot = { kind: 'own', certificate: rootCertificate }
const roots = [...cardContactRoots, root]

const issuerFields = {
  by: rootPair,
  publicKey: withoutDomain(issuerPair.publicKey),
  authorityReference: rootName,
  holderReference: issuerName,
  flags: flags.issuer,
}
const deviceFields = {
  by: issuerPair,
  publicKey: withoutDomain(devicePair.publicKey),
  authorityReference: issuerName,
  holderReference: deviceName,
  flags: flags.device,
}
const issuer = certificate(issuerFields)
const device = certificate(deviceFields)

describe('a good chain', () => {
  for (const [name, chain] of [
    ['device and issuer, domain parameters inherited from the root', [device, issuer]],
    ['with the root', [device, issuer, rootCertificate]],
    [
      'with domain parameters of their own',
      [
        certificate({ ...deviceFields, publicKey: devicePair.publicKey }),
        certificate({ ...issuerFields, publicKey: issuerPair.publicKey }),
      ],
    ],
    ['a device certificate without a role', [certificate({ ...deviceFields, flags: undefined } as never), issuer]],
  ] as const) {
    test(name, () => {
      const result = verifyChain(chain, roots)
      assert.ok(result.ok, JSON.stringify(result))
      assert.equal(result.path, 'ZZROOT/ZZISSUER/ZZDEVICE')
      assert.equal(result.root, root)
      assert.deepEqual(result.deviceKey, devicePair.publicKey)
    })
  }

  test('keys on different curves', () => {
    const other = newPair('secp384r1')
    const leaf = newPair('secp256k1')
    const chain = [
      certificate({ ...deviceFields, by: other, publicKey: leaf.publicKey }),
      certificate({ ...issuerFields, publicKey: other.publicKey }),
    ]
    const result = verifyChain(chain, roots)
    assert.ok(result.ok)
    assert.deepEqual(result.deviceKey, leaf.publicKey)
  })

  test('an issuer with an RSA key', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsa: Pair = { publicKey: publicKeyOf(publicKey.export({ type: 'spki', format: 'der' })), privateKey }
    const chain = [
      certificate({ ...deviceFields, by: rsa, publicKey: devicePair.publicKey }),
      certificate({ ...issuerFields, publicKey: rsa.publicKey }),
    ]
    assert.ok(verifyChain(chain, roots).ok)
    const inheriting = certificate({ ...deviceFields, by: rsa })
    assert.deepEqual(verifyChain([inheriting, chain[1]!], roots), { ok: false, reason: 'wrongKey' })
  })

  test('two roots of one name: that whose key has signed', () => {
    const otherPair = newPair()
    const other = certificate({ by: otherPair, publicKey: otherPair.publicKey, flags: flags.root })
    const result = verifyChain([device, issuer], [{ kind: 'own', certificate: other }, root])
    assert.ok(result.ok)
    assert.equal(result.root, root)
  })
})

describe('an attack', () => {
  const attacker = newPair()
  const named = (holderReference: string) => {
    const name = { authorityReference: holderReference, holderReference }
    return certificate({ by: attacker, publicKey: attacker.publicKey, flags: flags.root, ...name })
  }
  const fakeIssuer = (authorityReference: string) =>
    certificate({ ...issuerFields, by: attacker, publicKey: issuerPair.publicKey, authorityReference })
  const off = {
    ...(devicePair.publicKey as EcPublicKey),
    q: devicePair.publicKey.kind === 'ec' ? devicePair.publicKey.q.slice() : oid,
  }
  off.q[64]! ^= 1
  /** A base point of the attacker's choice, under which a public key has a private key that he knows. */
  const ownBasePoint = { ...curveByName('brainpoolP256r1').domain, g: (attacker.publicKey as EcPublicKey).q }

  const rows: readonly (readonly [name: string, chain: readonly Certificate[], reason: string])[] = [
    ['no certificate', [], 'incomplete'],
    ['the device’s alone', [device], 'incomplete'],
    ['four', [device, issuer, rootCertificate, rootCertificate], 'incomplete'],
    ['issuer before device', [issuer, device], 'notLinked'],
    ['root before issuer', [device, rootCertificate, issuer], 'notLinked'],
    ['the device as its own issuer', [device, device], 'notLinked'],
    [
      'a device certificate as issuer',
      [
        certificate({
          ...deviceFields,
          by: devicePair,
          authorityReference: deviceName,
          holderReference: 'ZZFORGED00001',
        }),
        certificate({ ...deviceFields, by: rootPair, authorityReference: rootName }),
      ],
      'wrongRole',
    ],
    ['an issuer without a role', [device, certificate({ ...issuerFields, flags: undefined } as never)], 'wrongRole'],
    ['an issuer in the role of a root', [device, certificate({ ...issuerFields, flags: flags.root })], 'wrongRole'],
    ['an issuer as device', [certificate({ ...deviceFields, flags: flags.issuer }), issuer], 'wrongRole'],
    ['a root as device', [certificate({ ...deviceFields, flags: flags.root }), issuer], 'wrongRole'],
    [
      'an issuer of something else under the same root',
      [
        device,
        decode(
          Certificate,
          issueCertificate(
            { ...issuer.body.value, role: { oid: fromHex('04007f000703010202'), flags: Uint8Array.of(0x80) } },
            signer(rootPair),
          ),
        ),
      ],
      'wrongRole',
    ],
    ['an unknown root', [device, fakeIssuer('ZZFORGED00001')], 'untrustedRoot'],
    ['an issuer that names CardContact’s root', [device, fakeIssuer('DESRCACC100001')], 'wrongSignature'],
    [
      'a root of one’s own with CardContact’s name',
      [device, fakeIssuer('DESRCACC100001'), named('DESRCACC100001')],
      'untrustedRoot',
    ],
    [
      'CardContact’s real root under an issuer that it has not signed',
      [device, fakeIssuer('DESRCACC100001'), cardContactRoots[0]!.certificate],
      'wrongSignature',
    ],
    ['an issuer signed by a stranger', [device, fakeIssuer(rootName)], 'wrongSignature'],
    ['a device signed by a stranger', [certificate({ ...deviceFields, by: attacker }), issuer], 'wrongSignature'],
    [
      'a signature altered',
      [{ ...device, signature: device.signature.map(byte => byte ^ 1) }, issuer],
      'wrongSignature',
    ],
    ['the issuer’s signature on the device', [{ ...device, signature: issuer.signature }, issuer], 'wrongSignature'],
    [
      'a device named after another issuer',
      [certificate({ ...deviceFields, authorityReference: 'ZZISSUER00001' }), issuer],
      'notLinked',
    ],
    ['a key off the curve', [certificate({ ...deviceFields, publicKey: off }), issuer], 'wrongKey'],
    [
      'an empty key',
      [certificate({ ...deviceFields, publicKey: { ...off, q: new Uint8Array() } }), issuer],
      'wrongKey',
    ],
    [
      'a device key with domain parameters of no known curve',
      [certificate({ ...deviceFields, publicKey: { ...off, domain: ownBasePoint } }), issuer],
      'wrongKey',
    ],
    [
      'an issuer key with a base point of the attacker’s choice',
      [
        device,
        certificate({ ...issuerFields, publicKey: { ...issuerPair.publicKey, domain: ownBasePoint } as PublicKey }),
      ],
      'wrongSignature',
    ],
    [
      'a name that makes another path',
      [certificate({ ...deviceFields, holderReference: 'A/ZZDEV00003' }), issuer],
      'wrongName',
    ],
    [
      'a name of nothing but a sequence',
      [certificate({ ...deviceFields, holderReference: '00003' }), issuer],
      'wrongName',
    ],
  ]
  for (const [name, chain, reason] of rows) {
    test(name, () => assert.deepEqual(verifyChain(chain, roots), { ok: false, reason }))
  }

  test('no root, no trust', () => {
    assert.deepEqual(verifyChain([device, issuer, rootCertificate], []), { ok: false, reason: 'untrustedRoot' })
  })

  test('our own root is not CardContact’s', () => {
    assert.deepEqual(verifyChain([device, issuer], cardContactRoots), { ok: false, reason: 'untrustedRoot' })
  })

  test('a value put beside the bytes that were signed is not believed by the codec', () => {
    const { publicKey } = decode(Certificate, issueCertificate(device.body.value, signer(issuerPair))).body.value
    assert.deepEqual(publicKey, withoutDomain(devicePair.publicKey))
    assert.deepEqual(publicKey.oid, fromHex(keyAlgorithm.ecdsaSha256))
  })
})
