/** What a key answers to an algorithm whose answers depend on nothing but the key. */
import { randomBytes } from 'node:crypto'
import { algorithm } from '@keytether/card'
import { concat } from '@keytether/codec'
import type { SmartCardHsm } from '../smart-card-hsm.ts'
import type { KeyInfo } from '../types.ts'
import type { Answer } from './content.ts'

const blockSize = 16
const zeroIv = new Uint8Array(blockSize)
const inputSize = 32

/** Those that all cards compute alike, in order of preference. */
const aesAlgorithms = [algorithm.aesCmac, algorithm.aesCbcEncrypt, algorithm.aesCbcDecrypt]
const rsaAlgorithms = [algorithm.rsaRaw, algorithm.rsaRawDecipher]

/** Asks a key, once, for an answer to something random. After log-in; undefined if it is allowed nothing of the kind. */
export async function askForAnswer(card: SmartCardHsm, key: KeyInfo): Promise<Answer | undefined> {
  const possible = key.kind === 'AES' ? aesAlgorithms : key.kind === 'RSA' && key.bits > 0 ? rsaAlgorithms : []
  const chosen = possible.find(id => key.algorithms.length === 0 || key.algorithms.includes(id))
  if (chosen === undefined) return undefined
  // A zero byte in front: less than any modulus.
  const input =
    key.kind === 'AES'
      ? new Uint8Array(randomBytes(inputSize))
      : concat(Uint8Array.of(0), new Uint8Array(randomBytes(key.bits / 8 - 1)))
  return { algorithm: chosen, input, output: await answerOf(card, key, chosen, input) }
}

export function answerOf(card: SmartCardHsm, key: KeyInfo, id: number, input: Uint8Array): Promise<Uint8Array> {
  switch (id) {
    case algorithm.aesCmac:
      return card.secretKeys.cmac(key, input)
    case algorithm.aesCbcEncrypt:
      return card.secretKeys.encryptCbc(key, zeroIv, input)
    case algorithm.aesCbcDecrypt:
      return card.secretKeys.decryptCbc(key, zeroIv, input)
    case algorithm.rsaRaw:
      return card.sign(key.reference, id, input)
    default:
      return card.decipher(key.reference, id, input)
  }
}
