/**
 * From the shared secret of chip authentication to the keys of a secure channel.
 *
 * @see BSI TR-03110-3, A.2.3 (key derivation, with SHA-1 for AES-128) and A.4.5 (authentication token)
 * @module
 */
import { createHash } from 'node:crypto'
import { bytes, encode, tlv, tlvs } from '@keytether/codec'
import { cmac } from '../aes.ts'

/** Chip authentication by ECDH with AES-128 in CBC mode and CMAC: the value of its object identifier. */
export const chipAuthenticationProtocol = Uint8Array.of(0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, 0x02)

/** Bytes of a MAC and of a token: the first half of a CMAC. */
export const macSize = 8

export interface ChannelKeys {
  readonly encryption: Uint8Array
  readonly mac: Uint8Array
}

/** @param secret X coordinate of the shared point, of field size */
export function deriveKeys(secret: Uint8Array, nonce: Uint8Array): ChannelKeys {
  const derive = (counter: number) => {
    const hash = createHash('sha1').update(secret).update(nonce)
    return hash
      .update(Uint8Array.of(0, 0, 0, counter))
      .digest()
      .subarray(0, 16)
  }
  return { encryption: derive(1), mac: derive(2) }
}

const TokenInput = tlv(0x7f49, tlvs({ protocol: tlv(0x06, bytes()), ephemeralKey: tlv(0x86, bytes()) }))

/** What the chip proves its key with: a MAC over the host's ephemeral key. */
export function authenticationToken({ mac }: ChannelKeys, ephemeralKey: Uint8Array): Uint8Array {
  const full = cmac(mac)(encode(TokenInput, { protocol: chipAuthenticationProtocol, ephemeralKey }))
  return new Uint8Array(full.subarray(0, macSize))
}
