/** A share file on paper: as words, for a camera, and as base64 for whoever has nothing but OpenSSL. */
import { concat } from '@keytether/codec'
import { parseShareFile } from '../share-file/share-file.ts'
import { printRows, readRows } from './rows.ts'
import type { Sheet } from './sheet.ts'
import { nothingFound, printWordRows, readWords, type WordLayout } from './word-rows.ts'

/** Every share file starts with these bytes, so nobody has to type them. */
const magic = new TextEncoder().encode('Salted__')
/** Salt and ciphertext, 56 bytes. */
const layout: WordLayout = { sizes: [28, 28], wordsInRow: 7 }

/**
 * @param file the content of a share file
 * @param name of the file, to know the sheet by
 */
export function shareFileSheet(file: Uint8Array, name: string): Sheet {
  parseShareFile(file)
  const base64 = Buffer.from(file).toString('base64')
  return {
    title: 'Encrypted share of a device key encryption key (DKEK)',
    fields: [['File', name]],
    parts: [
      {
        heading: 'Words (BIP-39), with a check for each row',
        rows: printWordRows(file.subarray(magic.length), layout),
      },
      { heading: 'Base64, with a check for each row', rows: printRows(base64.match(/.{1,22}/g)!) },
    ],
    qrCode: base64,
    notes: [
      'To get the file back: keytether share restore > file',
      'It asks for the words or the base64. The QR code is the base64.',
      'The share is encrypted: it is of no use without its password, or the password shares of its custodians.',
    ],
  }
}

/**
 * The share file out of what was typed in or scanned from its sheet: words, base64, or all of it.
 *
 * @throws CustodyError `WRONG_SHEET`, which names the word or the row
 */
export function readShareFileSheet(text: string): Uint8Array {
  const words = readWords(text, layout)
  if (words !== undefined) return concat(magic, words)
  const rows = readRows(text, content => (/^[A-Za-z0-9+/]{8,}={0,2}$/.test(content) ? content : undefined))
  const base64 = rows.length > 0 ? rows.join('') : text.replaceAll(/\s+/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw nothingFound('a share file')
  const file = new Uint8Array(Buffer.from(base64, 'base64'))
  parseShareFile(file)
  return file
}
