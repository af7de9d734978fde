/** Private keys in use for what was encrypted to their public keys, and for key agreement. */
import { algorithm, type PublicKey, publicKeyObject, publicKeyOf } from '@keytether/card'
import { concat, DecodeError, equal } from '@keytether/codec'
import type { DecryptionScheme, KeyInfo } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { KeyUse } from './members.ts'

/** `RAW` takes no padding off. */
export type DecryptionPadding = DecryptionScheme | { readonly kind: 'RAW' }

export function decryptRsa(cryptogram: Uint8Array, padding: DecryptionPadding): KeyUse<Uint8Array> {
  return {
    verb: 'decrypt',
    run: (card, info) =>
      padding.kind === 'RAW'
        ? card
            .decipher(info.reference, algorithm.rsaRawDecipher, cryptogram)
            .then(block => concat(new Uint8Array(cryptogram.length - block.length), block))
        : card.decrypt(info, padding, cryptogram),
  }
}

/** The shared secret: X of the shared point, as long as the field. */
export function agree(point: Uint8Array): KeyUse<Uint8Array> {
  return { verb: 'agree', run: (card, info) => card.ecdh(info, point) }
}

/** @throws HsmError INVALID if the cryptogram is not as long as the modulus */
export function mustFitModulus(cryptogram: Uint8Array, { bits }: KeyInfo): void {
  const length = Math.ceil(bits / 8)
  if (cryptogram.length === length) return
  throw new HsmError(
    'INVALID',
    `wanted a cryptogram of ${length} bytes, as long as the modulus, got ${cryptogram.length}`,
  )
}

/**
 * The point of somebody else's public key. That it is one of the curve is checked here: a point elsewhere would tell about the
 * private key, and not every card looks.
 *
 * @param other SubjectPublicKeyInfo in DER, or the point 04 ‖ x ‖ y
 * @throws HsmError INVALID
 */
export function pointOnCurveOf(own: PublicKey | undefined, other: Uint8Array): Uint8Array {
  if (own?.kind !== 'ec' || own.domain === undefined) throw new HsmError('KEY_NOT_USABLE', 'the curve is not known')
  try {
    const theirs = other[0] === 0x04 ? { ...own, q: other } : publicKeyOf(other)
    if (theirs.kind !== 'ec' || !equal(theirs.domain!.p, own.domain.p) || !equal(theirs.domain!.n, own.domain.n)) {
      throw new HsmError('INVALID', 'the public key is not on the curve of the key here')
    }
    publicKeyObject(theirs)
    return theirs.q
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new HsmError('INVALID', `wanted a public key, DER or 04 ‖ x ‖ y: ${error.message}`, { cause: error })
  }
}
