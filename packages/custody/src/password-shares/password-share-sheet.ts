/** One custodian's share of a password on paper: as words, for a camera, and as sc-hsm-tool wants it. */
import { always, bytes, decode, encode, mapped, struct, u8 } from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import type { Sheet } from '../sheets/sheet.ts'
import { nothingFound, printWordRows, readWords, type WordLayout } from '../sheets/word-rows.ts'
import { printNotation, readNotation } from './notation.ts'
import type { PasswordGroup, PasswordShare } from './password-shares.ts'

const number = mapped(bytes(8), {
  write: (value: bigint) => {
    const content = Buffer.alloc(8)
    content.writeBigUInt64BE(value)
    return content
  },
  read: content => Buffer.from(content).readBigUInt64BE(),
})

/** What the words say, 20 bytes. The first one tells it from other things in fifteen words. */
export const PasswordShareWords = struct({
  version: always(1),
  threshold: u8,
  total: u8,
  id: mapped(u8, { write: (id: string) => Number.parseInt(id, 16), read: id => id.toString(16) }),
  prime: number,
  value: number,
})

const layout: WordLayout = { sizes: [20], wordsInRow: 5 }

/** @param name of the share file that the password opens, to know the sheet by */
export function passwordShareSheet(share: PasswordShare & { readonly group: PasswordGroup }, name: string): Sheet {
  const { threshold, total } = share.group
  const content = encode(PasswordShareWords, { ...share, ...share.group })
  const rows = printWordRows(content, layout)
  return {
    title: `Password share ${share.id} of ${total}`,
    fields: [
      ['For file', name],
      ['Needed', `${threshold} of the ${total} shares`],
    ],
    parts: [
      { heading: 'Words (BIP-39), with a check for each row', rows },
      { heading: 'The same for sc-hsm-tool', rows: printNotation(share) },
    ],
    qrCode: rows.map(row => row.match(/[a-z]+(?= )/g)!.join(' ')).join(' '),
    notes: [
      `Keep this to yourself: ${threshold} of these sheets open the share file.`,
      'keytether takes the words, or prime, ID and value, wherever it asks for a password share.',
      'A QR code, where it fits, is the words.',
    ],
  }
}

/**
 * The password shares in a text: sheets of one custodian or several, what sc-hsm-tool printed, words, or prime, ID and value.
 *
 * @throws CustodyError `WRONG_SHEET`, which names the word or the row
 */
export function readPasswordShares(text: string): PasswordShare[] {
  // Where both are, the words have the better checks.
  const sheets = text.split(/^(?=Password share )/m)
  const shares = sheets.flatMap(sheet => {
    const words = readWords(sheet, layout)
    return words === undefined ? readNotation(sheet) : [shareOfWords(words)]
  })
  if (shares.length === 0) throw nothingFound('a password share')
  return shares
}

function shareOfWords(words: Uint8Array): PasswordShare {
  if (words[0] !== 1) throw new CustodyError('WRONG_SHEET', 'these fifteen words are not those of a password share')
  const { prime, id, value, threshold, total } = decode(PasswordShareWords, words)
  return { prime, id, value, group: { threshold, total } }
}
