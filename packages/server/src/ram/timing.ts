/** How long either side of a session may take, in milliseconds. */
import type { CommandElement } from '@keytether/card'

export interface RamTiming {
  /**
   * How long a request is held while there is no work, 5 to 35 s. Clients give up after 40 s, those before November 2019
   * after 20 s; proxies often after 30 s.
   */
  readonly pollMs: number
  /** The same for clients that introduce themselves by the protocol's old name. */
  readonly oldPollMs: number
  /** How long a client may stay away whose connection broke while it waited: it comes back at once or not at all. */
  readonly graceMs: number
  /** How long a client may take to answer a template that gives its card nothing to do. */
  readonly silenceMs: number
  /** How long a card may take for a command; `byInstruction` holds those that may take longer. */
  readonly commandMs: number
  readonly byInstruction: ReadonlyMap<number, number>
  /** What each further command of a template adds. */
  readonly furtherCommandMs: number
}

const minutes = 60_000

export const defaultTiming: RamTiming = {
  pollMs: 25_000,
  oldPollMs: 15_000,
  graceMs: 5_000,
  silenceMs: 10_000,
  commandMs: 30_000,
  byInstruction: new Map([
    [0x46, 5 * minutes], // GENERATE KEY PAIR
    [0x48, 5 * minutes], // GENERATE SYMMETRIC KEY
    [0x50, 5 * minutes], // INITIALIZE DEVICE
    [0x72, 2 * minutes], // WRAP KEY
    [0x74, 2 * minutes], // UNWRAP KEY
    [0xe6, 5 * minutes], // INSTALL
  ]),
  furtherCommandMs: 2_000,
}

/** After this time without an answer to the template, the session is given up. */
export function deadlineOf(elements: readonly CommandElement[], timing: RamTiming): number {
  let longest = timing.silenceMs
  let work = 0
  for (const { kind, value } of elements) {
    if (kind === 'notify') continue
    const instruction = kind === 'command' ? value[1]! : undefined
    const allowed = instruction === undefined ? undefined : timing.byInstruction.get(instruction)
    longest = Math.max(longest, allowed ?? timing.commandMs)
    work++
  }
  return longest + Math.max(0, work - 1) * timing.furtherCommandMs
}

/** A little less each time, so that many cards do not come back in step. */
export function jittered(ms: number): number {
  return Math.round(ms * (0.85 + 0.15 * Math.random()))
}
