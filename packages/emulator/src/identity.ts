/**
 * The certificates of emulated cards: a root and an issuer of their own, and one for each card.
 *
 * @see BSI TR-03110-3, C.1 (profile, references) and C.4 (roles)
 * @module
 */
import { randomInt } from 'node:crypto'
import { Certificate, issueCertificate, type TrustRoot } from '@keytether/card'
import { concat, decode, fromHex } from '@keytether/codec'
import { type EcPrivateKey, generateEcKey, privateKeyOf, publicKeyOfPrivate, signerOf } from './keys/private-key.ts'

const root = fromHex(`
  7f218201b67f4e82016e5f290100420f5a5a454d554c41544f5230303030317f4982011d060a04007f000702020202038120a9fb57dba1ee
  a9bc3e660a909d838d726e3bf623d52620282013481d1f6e537782207d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44
  f330b5d9832026dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b68441048bd2aeb9cb7e57cb2c4b482ffc81b7
  afb9de27e1e3bd23c23a4453bd9ace3262547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f0469978520a9fb57dba1
  eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7864104621fd0486b93a472013e469fdc4f9df705f964c519879ee1f448
  fcc58513044c74892f824cf87ce3c6f9f8e64fb03fbc31c3b644c1132e290610cafadbd03e1f8701015f200f5a5a454d554c41544f523030
  3030317f4c10060b2b0601040181c31f0301015301c05f25060206000100015f24060705010203015f37407b390a341e1d3ccbcea3bff197
  2a5bcb1528d4058a487b35a553745c0bca59b681a9e42588163ad98ad703bcf394d3a000e9d732d1ae83a4a6c4562e88338013
`)

const issuer = fromHex(`
  7f2181e37f4e819c5f290100420f5a5a454d554c41544f5230303030317f494f060a04007f000702020202038641040f7f33b82a5aaf2665
  1bbb5cb0dd58c9c476dd14b3718a6a12a4d8eb4933572f85708db016f21d7d4fef82151a41c6c4e90ddc0574d0509f796470bb0b7251e95f
  200d5a5a454d554c434130303030317f4c10060b2b0601040181c31f0301015301805f25060206000100015f24060705010203015f3740a7
  0dd0abc1cdd00f592d2e2fa63f23b4f38fb8e7c7cc3bf464123183a2f5709f7ccacc7405ceddf422bb0a03b00e48d87e43aa78eef2177a14
  9bed79ee0fb4da
`)

/** PKCS #8. That it is published here is why a genuine card is never one under this root. */
const issuerKey = fromHex(`
  308188020100301406072a8648ce3d020106092b2403030208010107046d306b020101042097054cf2d91b4bf93fbadfc41f0d4717eaf2d9
  f71ec6f5dc8b9f44d750cf73fba144034200040f7f33b82a5aaf26651bbb5cb0dd58c9c476dd14b3718a6a12a4d8eb4933572f85708db016
  f21d7d4fef82151a41c6c4e90ddc0574d0509f796470bb0b7251e9
`)

/**
 * The root of all emulated cards, ZZEMULATOR00001. It proves nothing: the key that issues under it is in the source of this
 * program, so anyone can make such a card, and read the keys of one. Trust it for demonstrations and tests.
 */
export const emulatorRoot: TrustRoot = { kind: 'own', certificate: decode(Certificate, root) }

const issuerReference = 'ZZEMULCA00001'
/** Role of a device in CardContact's scheme, 1.3.6.1.4.1.24991.3.1.1. */
const deviceRole = { oid: fromHex('2b0601040181c31f030101'), flags: Uint8Array.of(0x00) }

/** What a card has from the factory and keeps when it is initialised. */
export interface DeviceIdentity {
  readonly holderReference: string
  readonly privateKey: EcPrivateKey
  /** Content of the file 2F02: the device's certificate and the issuer's. */
  readonly certificates: Uint8Array
}

/** A device key, certified under a new serial number. */
export function issueDevice(): DeviceIdentity {
  const privateKey = generateEcKey('brainpoolP256r1')
  const holderReference = `ZZEMU${serialNumber()}00000`
  // As on real cards, the domain parameters are the root's.
  const { kind, oid, q } = publicKeyOfPrivate(privateKey)
  const today = new Date()
  const certificate = issueCertificate(
    {
      profile: 0,
      authorityReference: issuerReference,
      publicKey: { kind, oid, q },
      holderReference,
      role: deviceRole,
      validFrom: day(today),
      validTo: day(new Date(Date.UTC(today.getUTCFullYear() + 8, today.getUTCMonth(), 1))),
    },
    signerOf(privateKeyOf(issuerKey), 'sha256'),
  )
  return { holderReference, privateKey, certificates: concat(certificate, issuer) }
}

/** Six characters that are not mistaken for each other. */
function serialNumber(): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
  return Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join('')
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}
