/** Keys that were made elsewhere: wrapped under the key domain of the group before they come here. */
import { X509Certificate } from 'node:crypto'
import {
  AuthenticatedRequest,
  curveOf,
  KeyBlob,
  PrivateKeyDescription,
  type PublicKey,
  publicKeyOf,
  subjectPublicKeyInfo,
  WrappedKeyFile,
} from '@keytether/card'
import { DecodeError, decode, encode } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import { hexId, identityOf } from '../sessions/held-keys.ts'
import type { KeyType } from './key-type.ts'

export interface WrappedKey {
  readonly type: KeyType
  /** As the members are to hold it. */
  readonly file: Uint8Array
  readonly cardKeyId: string
  /** SubjectPublicKeyInfo. */
  readonly publicKey?: Uint8Array
  readonly certificate?: Uint8Array
  readonly identity: string
}

/**
 * What is in sc-hsm-tool's file format.
 *
 * @param keyDomain of the group
 * @param label what the key is to be called on cards
 * @throws HsmError INVALID
 */
export function readWrappedKey(bytes: Uint8Array, keyDomain: string | null, label: string): WrappedKey {
  try {
    const { blob, description, certificate } = decode(WrappedKeyFile, bytes)
    checkDomain(decode(KeyBlob, blob), keyDomain)
    if (description === undefined)
      throw invalid('a description of the key beside it, as sc-hsm-tool and `keytether card wrap` store it')
    const described = decode(PrivateKeyDescription, description, { lengths: 'any' })
    const file = encode(WrappedKeyFile, {
      blob,
      description: encode(PrivateKeyDescription, { ...described, label }),
      certificate,
    })
    const common = { file, cardKeyId: hexId(described.id) }
    if (described.kind === 'aes') {
      const bits = described.bits ?? 0
      return { ...common, type: { kind: 'AES', bits }, identity: identityOf({ kind: 'AES', bits }, keyDomain!) }
    }
    if (certificate === undefined)
      throw invalid('a certificate or a request of the key beside it, to know its public key by')
    const publicKey = publicKeyIn(certificate)
    return {
      ...common,
      type: typeOf(publicKey),
      publicKey: subjectPublicKeyInfo(publicKey),
      ...(certificate[0] === x509 && { certificate }),
      identity: identityOf({ kind: publicKey.kind === 'rsa' ? 'RSA' : 'EC', bits: 0, publicKey }, keyDomain!),
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new HsmError('INVALID', `not a wrapped key: ${error.message}`, { cause: error })
  }
}

const x509 = 0x30

/** Group domains have another name than that by which wrapped keys know them: there, the cards say. */
function checkDomain({ keyCheckValue }: KeyBlob, keyDomain: string | null): void {
  if (keyDomain === null) throw new HsmError('INVALID', 'the group has no key domain that keys could enter under')
  const wrapped = hexId(keyCheckValue)
  if (keyDomain.length !== wrapped.length || keyDomain === wrapped) return
  throw new HsmError('INVALID', `it was wrapped under the key domain ${wrapped}, the group has ${keyDomain}`)
}

function publicKeyIn(certificate: Uint8Array): PublicKey {
  if (certificate[0] !== x509) {
    return decode(AuthenticatedRequest, certificate, { lengths: 'any' }).certificate.value.body.value.publicKey
  }
  return publicKeyOf(publicKeyOfX509(certificate))
}

/** SubjectPublicKeyInfo. @throws HsmError INVALID */
export function publicKeyOfX509(certificate: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }))
  } catch (cause) {
    throw new HsmError('INVALID', 'wanted an X.509 certificate in DER, of a key that a card can have', { cause })
  }
}

function typeOf(key: PublicKey): KeyType {
  if (key.kind === 'rsa') return { kind: 'RSA', bits: 8 * key.n.length }
  const curve = key.domain && curveOf(key.domain)
  if (curve === undefined) throw invalid('a key on a curve that cards have')
  return { kind: 'EC', curve: curve.name }
}

function invalid(wanted: string): HsmError {
  return new HsmError('INVALID', `wanted ${wanted}`)
}
