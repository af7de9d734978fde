/** Words in rows, as a sheet shows them and people type them. */
import { CustodyError } from '../errors.ts'
import { printRows, readRows } from './rows.ts'
import { fromWords, knownWord, toWords } from './words.ts'

/** How bytes of one format are laid out as words. */
export interface WordLayout {
  /** Of the parts with a checksum each, in bytes. */
  readonly sizes: readonly number[]
  readonly wordsInRow: number
}

export function printWordRows(bytes: Uint8Array, { sizes, wordsInRow }: WordLayout): string[] {
  const words = toWords(bytes, sizes)
  const count = Math.ceil(words.length / wordsInRow)
  return printRows(Array.from({ length: count }, (_, i) => words.slice(i * wordsInRow, (i + 1) * wordsInRow).join(' ')))
}

/**
 * The bytes of words: in numbered rows among other text, or one word after the other and nothing else.
 *
 * @returns undefined if there are no words
 * @throws CustodyError `WRONG_SHEET`, which names the word or the row
 */
export function readWords(text: string, { sizes }: WordLayout): Uint8Array | undefined {
  const rows = readRows(text, (content, number) => {
    if (!/^[a-z]+(\s+[a-z]+)+$/i.test(content)) return undefined
    return knownWords(content, place => `word ${place} of row ${number}`).join(' ')
  })
  if (rows.length > 0) return fromWords(rows.join(' ').split(' '), sizes)
  const plain = text.trim()
  if (!/^[a-z]+(\s+[a-z]+)+$/i.test(plain)) return undefined
  return fromWords(
    knownWords(plain, place => `word ${place}`),
    sizes,
  )
}

function knownWords(text: string, place: (position: number) => string): string[] {
  return text.split(/\s+/).map((word, i) => knownWord(word, place(i + 1)))
}

/** The error for a text in which nothing was recognised. */
export function nothingFound(wanted: string): CustodyError {
  return new CustodyError(
    'WRONG_SHEET',
    `there is nothing of ${wanted} in this: wanted its words, or the rest of its sheet`,
  )
}
