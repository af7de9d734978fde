/** What is wrong with an export. */

/**
 * - `UNREADABLE` a line that is neither a record nor a checkpoint, or a first line that is none of an export
 * - `CHANGED` a record is not the one that the next one was chained to
 * - `MISSING` records were left out · `OUT_OF_ORDER` records stand where others should, or a second time
 * - `FOREIGN` of another log · `EXTRA` records behind the end that was signed · `CUT_SHORT` the end that was signed is missing
 * - `FORGED` a checkpoint that the keys did not sign · `MISPLACED` one that is not over the records before it
 * - `REWRITTEN` the records follow one another, but are not the ones that were signed
 */
export type FindingCode =
  | 'UNREADABLE'
  | 'CHANGED'
  | 'MISSING'
  | 'OUT_OF_ORDER'
  | 'FOREIGN'
  | 'EXTRA'
  | 'CUT_SHORT'
  | 'FORGED'
  | 'MISPLACED'
  | 'REWRITTEN'

export interface Fault {
  readonly code: FindingCode
  /** In words. */
  readonly message: string
  /** The numbers of the first and the last record that it is about, as far as that is known. */
  readonly records?: readonly [first: number, last: number]
}

export type Report = (fault: Fault) => void

export interface Finding extends Fault {
  readonly file: string
  /** From 1 on. */
  readonly line: number
}

/** More are counted only: who damages a whole file does not fill the memory, too. */
const mostKept = 100

export class Findings {
  readonly kept: Finding[] = []
  /** How many there were. */
  total = 0

  add(finding: Finding): void {
    this.total++
    if (this.kept.length < mostKept) this.kept.push(finding)
  }
}
