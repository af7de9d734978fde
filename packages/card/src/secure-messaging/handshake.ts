/**
 * Chip authentication, from both ends: the chip proves its key, and a secure channel comes of it.
 *
 * The commands are MANAGE SECURITY ENVIRONMENT with the protocol, then GENERAL AUTHENTICATE with the host's ephemeral key.
 *
 * @see BSI TR-03110-3, B.2
 * @module
 */
import { createECDH, randomBytes, timingSafeEqual } from 'node:crypto'
import { curveOf } from '../cvc/curves.ts'
import type { EcPublicKey } from '../cvc/public-key.ts'
import { SecureMessagingError } from '../errors.ts'
import { authenticationToken, chipAuthenticationProtocol, deriveKeys, macSize } from './keys.ts'
import { SecureMessaging } from './session.ts'

export interface ChipAnswer {
  readonly nonce: Uint8Array
  readonly token: Uint8Array
}

export interface HostHandshake {
  /** Object identifier for MANAGE SECURITY ENVIRONMENT. */
  readonly protocol: Uint8Array
  /** 04 ‖ x ‖ y, for GENERAL AUTHENTICATE. */
  readonly ephemeralKey: Uint8Array
  /**
   * The channel, once the chip has answered.
   *
   * @throws SecureMessagingError `TOKEN` if the chip does not hold the private key
   */
  open(answer: ChipAnswer): SecureMessaging
}

/**
 * The host's part.
 *
 * @param chipKey the public key of the verified device certificate, with its domain parameters
 * @throws RangeError if its domain parameters are absent or not those of a known curve, or the point is not on the curve
 */
export function hostHandshake(chipKey: EcPublicKey): HostHandshake {
  const curve = chipKey.domain && curveOf(chipKey.domain)
  if (curve === undefined) throw new RangeError('wanted a key with the domain parameters of a known curve')
  const ecdh = createECDH(curve.nodeName)
  const ephemeralKey = new Uint8Array(ecdh.generateKeys())
  const secret = sharedSecret(() => ecdh.computeSecret(chipKey.q))
  return {
    protocol: chipAuthenticationProtocol,
    ephemeralKey,
    open({ nonce, token }) {
      const keys = deriveKeys(secret, nonce)
      if (token.length !== macSize || !timingSafeEqual(token, authenticationToken(keys, ephemeralKey))) {
        throw new SecureMessagingError('TOKEN', 'the chip does not hold the private key of its certificate')
      }
      return new SecureMessaging(keys)
    },
  }
}

function sharedSecret(compute: () => Uint8Array): Uint8Array {
  try {
    return compute()
  } catch (cause) {
    throw new RangeError('wanted a public point on its curve', { cause })
  }
}

/**
 * The chip's part.
 *
 * @param computeSecret ECDH with the device key: X of the shared point, of field size; throws for a point off the curve
 */
export function chipHandshake(
  computeSecret: (point: Uint8Array) => Uint8Array,
  ephemeralKey: Uint8Array,
): ChipAnswer & { readonly session: SecureMessaging } {
  const nonce = new Uint8Array(randomBytes(8))
  const keys = deriveKeys(computeSecret(ephemeralKey), nonce)
  return { nonce, token: authenticationToken(keys, ephemeralKey), session: new SecureMessaging(keys) }
}
