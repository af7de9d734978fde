/** A device's key and certificates, under a root made for the test. */
import { diffieHellman, generateKeyPairSync, sign } from 'node:crypto'
import {
  Certificate,
  curveByName,
  type EcPublicKey,
  issueCertificate,
  keyAlgorithm,
  publicKeyObject,
  publicKeyOf,
  type SignBytes,
  type TrustRoot,
} from '@keytether/card'
import { concat, decode, fromHex } from '@keytether/codec'

const curve = curveByName('brainpoolP256r1')!
const oid = fromHex(keyAlgorithm.ecdsaSha256)
const roleOid = fromHex('2b0601040181c31f030101')
const flags = { root: 0xc0, issuer: 0x80, device: 0x00 }

export interface TestKey {
  readonly publicKey: EcPublicKey
  readonly sign: SignBytes
  /** X of the shared point. */
  readonly agree: (point: Uint8Array) => Uint8Array
}

export function testKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve.nodeName })
  return {
    publicKey: publicKeyOf(publicKey.export({ type: 'spki', format: 'der' })) as EcPublicKey,
    sign: message => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    agree: q => diffieHellman({ privateKey, publicKey: publicKeyObject({ kind: 'ec', oid, domain: curve.domain, q }) }),
  }
}

export interface DeviceIdentity {
  readonly root: TrustRoot
  readonly key: TestKey
  readonly holderReference: string
  /** Content of the file 2F02. */
  readonly certificates: Uint8Array
}

const rootReference = 'ZZTESTROOT00001'
const issuerReference = 'ZZTESTCA00001'

/** @param holderReference of the device, country and sequence number included */
export function deviceIdentity(holderReference = 'ZZTEST000100000'): DeviceIdentity {
  const [root, issuer, key] = [testKey(), testKey(), testKey()]
  const issue = (level: keyof typeof flags, holder: string, subject: TestKey, authority: string, signer: TestKey) =>
    issueCertificate(
      {
        profile: 0,
        authorityReference: authority,
        publicKey: subject.publicKey,
        holderReference: holder,
        role: { oid: roleOid, flags: Uint8Array.of(flags[level]) },
      },
      signer.sign,
    )
  return {
    root: {
      kind: 'own',
      certificate: decode(Certificate, issue('root', rootReference, root, rootReference, root)),
    },
    key,
    holderReference,
    certificates: concat(
      issue('device', holderReference, key, issuerReference, issuer),
      issue('issuer', issuerReference, issuer, rootReference, root),
    ),
  }
}
