/** USE SECRET KEY. */
import { algorithm, type UseSecretKey } from '@keytether/card'
import type { Handler } from '../handler.ts'
import { decryptCbc, deriveSecret, encryptCbc, mac } from '../keys/aes.ts'
import type { Outcome } from '../keys/outcome.ts'
import type { SecretKey } from '../keys/private-key.ts'
import { type Operation, useKey } from './use-key.ts'

function aes(operation: (key: SecretKey, input: Uint8Array) => Outcome): Operation {
  return (key, input) => (key.kind === 'aes' ? operation(key, input) : 'algorithmNotAllowed')
}

const operations: Readonly<Record<number, Operation>> = {
  [algorithm.aesCbcEncrypt]: aes(encryptCbc),
  [algorithm.aesCbcDecrypt]: aes(decryptCbc),
  [algorithm.aesCmac]: aes(mac),
  [algorithm.aesDerive]: aes(deriveSecret),
}

export const useSecretKey: Handler<typeof UseSecretKey> = (card, request) => useKey(card, request, operations)
