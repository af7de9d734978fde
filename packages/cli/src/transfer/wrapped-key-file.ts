/** One key of a file as a card would have wrapped it, with what belongs to it. */
import { sign } from 'node:crypto'
import {
  EcdsaSignature,
  issueOwnRequest,
  type KeyEncryptionKey,
  plainSignature,
  publicKeyOf,
  WrappedKeyFile,
} from '@keytether/card'
import { decode, encode } from '@keytether/codec'
import type { LabelledKey } from './key-files.ts'
import { wrapKeys } from './wrap-keys.ts'

/** In the format of sc-hsm-tool. A key without certificate has a request that it has signed itself, so that its public key is known. */
export async function wrappedKeyFile(key: LabelledKey, kek: KeyEncryptionKey): Promise<Uint8Array> {
  const [wrapped] = wrapKeys([key], [], kek, undefined).keys
  const { blob, description, certificate = await ownRequest(key) } = wrapped!
  return encode(WrappedKeyFile, { blob: blob!, description, certificate })
}

function ownRequest({ privateKey, publicKey: spki }: LabelledKey): Promise<Uint8Array> {
  const publicKey = publicKeyOf(spki)
  const holderReference = 'IMPORTED00001'
  return issueOwnRequest(
    { profile: 0, authorityReference: holderReference, publicKey, holderReference },
    async message => {
      const signature = new Uint8Array(sign('sha256', message, privateKey))
      if (publicKey.kind === 'rsa') return signature
      return plainSignature(decode(EcdsaSignature, signature), publicKey.domain!.n.length)
    },
  )
}
