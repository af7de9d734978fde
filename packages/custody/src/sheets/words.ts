/** Bytes as words that people can write down and type: BIP-39, English. Its checksum covers up to 32 bytes at a time. */

import { concat } from '@keytether/codec'
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { CustodyError } from '../errors.ts'

/** @param sizes of the parts into which the bytes are cut; each 16, 20, 24, 28 or 32 */
export function toWords(bytes: Uint8Array, sizes: readonly number[]): string[] {
  let start = 0
  return sizes.flatMap(size => {
    const part = bytes.slice(start, start + size)
    start += size
    return entropyToMnemonic(part, wordlist).split(' ')
  })
}

/** How many words so many bytes take: 11 bits each, with one bit of checksum for 32 bits. */
function wordCount(size: number): number {
  return (size * 8 * 33) / 32 / 11
}

/**
 * A word of the list, however it was typed. Four letters are enough: no two words share them.
 *
 * @param place of the word, for the error
 * @throws CustodyError `WRONG_SHEET`
 */
export function knownWord(typed: string, place: string): string {
  const word = typed.toLowerCase()
  const known = wordlist.find(candidate => candidate === word || (word.length >= 4 && candidate.slice(0, 4) === word))
  if (known !== undefined) return known
  const similar = wordlist.filter(candidate => word.length >= 3 && candidate.startsWith(word.slice(0, 3)))
  const hint = similar.length > 0 ? `: ${similar.slice(0, 5).join(', ')}?` : ''
  throw new CustodyError('WRONG_SHEET', `${place}, "${typed}", is not in the list${hint}`)
}

/**
 * The bytes of words of the list.
 *
 * @throws CustodyError `WRONG_SHEET`, which names the words among which one is wrong
 */
export function fromWords(words: readonly string[], sizes: readonly number[]): Uint8Array {
  const wanted = sizes.reduce((sum, size) => sum + wordCount(size), 0)
  if (words.length !== wanted) throw new CustodyError('WRONG_SHEET', `wanted ${wanted} words, got ${words.length}`)
  let start = 0
  const parts = sizes.map(size => {
    const part = words.slice(start, start + wordCount(size))
    start += part.length
    try {
      return mnemonicToEntropy(part.join(' '), wordlist)
    } catch (cause) {
      const range = `words ${start - part.length + 1} to ${start}`
      const message = `${range}: one of them is not what was printed, or two are exchanged`
      throw new CustodyError('WRONG_SHEET', message, { cause })
    }
  })
  return concat(...parts)
}
