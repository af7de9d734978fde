/** How a data key is wrapped under a key on tokens, and taken out of that again: one command on the chip. */
import { constants, publicEncrypt, randomBytes } from 'node:crypto'
import { type PublicKey, publicKeyObject } from '@keytether/card'
import { concat } from '@keytether/codec'
import { dataKeySize, type WrappedDataKey } from '@keytether/envelope'
import type { KeyUse } from './members.ts'
import { decryptRsa } from './private-key-uses.ts'
import { decryptCbc, encryptCbc } from './secret-key-uses.ts'

const blockSize = 16
const zeroVector = new Uint8Array(blockSize)

/** @see packages/envelope/src/wrapped-data-key.ts for why it is so */
export function wrapUnderAes(dataKey: Uint8Array): KeyUse<Uint8Array> {
  const text = concat(randomBytes(blockSize), dataKey)
  return { ...encryptCbc(zeroVector, text, 'none'), verb: 'wrap' }
}

/** Only the public key is needed, so that no token is asked. */
export function wrapUnderRsa(key: PublicKey, dataKey: Uint8Array): Uint8Array {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return new Uint8Array(publicEncrypt({ key: publicKeyObject(key), padding, oaepHash: 'sha256' }, dataKey))
}

/** What comes of it is a data key only if its check value says so. */
export function unwrapUse({ wrapping, wrapped }: WrappedDataKey): KeyUse<Uint8Array> {
  if (wrapping === 'RSA_OAEP_SHA256')
    return { ...decryptRsa(wrapped, { kind: 'OAEP', hash: 'sha256' }), verb: 'unwrap' }
  const use = decryptCbc(zeroVector, wrapped)
  return {
    ...use,
    verb: 'unwrap',
    async run(card, info) {
      const text = await use.run(card, info)
      const dataKey = text.slice(blockSize)
      text.fill(0)
      return dataKey.length === dataKeySize ? dataKey : new Uint8Array()
    },
  }
}
