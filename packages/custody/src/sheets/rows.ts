/** Rows of a sheet: numbered, and each with a check, so that a slip of the pen is found in its row. */
import { hash } from 'node:crypto'
import { CustodyError } from '../errors.ts'

/** Such as ` 1  abandon ability able  #3f2a`. */
export function printRows(contents: readonly string[]): string[] {
  return contents.map((content, i) => `${String(i + 1).padStart(2)}  ${content}  ${checkOf(i + 1, content)}`)
}

/** What is in a row, recognised and brought into the form in which it was printed; undefined if it is something else. */
export type RowReader = (content: string, number: number) => string | undefined

const row = /^\s*(\d{1,2})[.:)]?\s+(.*?)\s*(#[0-9a-f]{4})?\s*$/i

/**
 * The content of numbered rows among other text, from row 1 on.
 *
 * @returns nothing if there are no such rows
 * @throws CustodyError `WRONG_SHEET` if one is missing, or is not what its check says; a check may be left out
 */
export function readRows(text: string, read: RowReader): string[] {
  const contents: string[] = []
  for (const line of text.split('\n')) {
    const [, number, typed = '', check] = row.exec(line) ?? []
    if (number === undefined) continue
    const content = read(typed, Number(number))
    if (content === undefined) continue
    contents.push(content)
    const wanted = contents.length
    if (Number(number) !== wanted) throw new CustodyError('WRONG_SHEET', `wanted row ${wanted}, got row ${number}`)
    if (check !== undefined && check.toLowerCase() !== checkOf(wanted, content)) {
      throw new CustodyError('WRONG_SHEET', `row ${number} is not what was printed: it does not fit its check ${check}`)
    }
  }
  return contents
}

/** Covers the number, too, so that rows which are exchanged are found. */
function checkOf(number: number, content: string): string {
  return `#${hash('sha256', `${number} ${content}`, 'hex').slice(0, 4)}`
}
