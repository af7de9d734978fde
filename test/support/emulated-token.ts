/** An emulated token in memory, spoken to in hexadecimal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { Emulator, memoryStore, type Store } from '@keytether/emulator'

/** PIN 648219, SO-PIN 57621880, 3 tries, and both PINs as hexadecimal. */
export const pin = '363438323139'
export const soPin = '3537363231383830'
export const apdu = {
  select: '00A404000BE82B0601040181C31F020100',
  initialize: `8050000019 80020001 8106${pin} 8208${soPin} 910103`,
  verify: `0020008106${pin}`,
  /** For one of two keys, which are not registered. */
  guard: `8050000012 80020001 8208${soPin} 93020201`,
} as const

/** What was done before, with commands of `apdu`. */
export type Stage = 'powered' | 'selected' | 'initialized' | 'loggedIn' | 'guarded'
const steps: Record<Stage, readonly string[]> = {
  powered: [],
  selected: [apdu.select],
  initialized: [apdu.select, apdu.initialize],
  loggedIn: [apdu.select, apdu.initialize, apdu.verify],
  guarded: [apdu.select, apdu.guard],
}

export interface EmulatedToken {
  readonly emulator: Emulator
  /** The answer to a command; white space between digits is ignored. */
  send(command: string): Promise<string>
}

export async function emulatedToken(stage: Stage, store: Store = memoryStore()): Promise<EmulatedToken> {
  const emulator = await Emulator.open({ store })
  const send = async (command: string) => {
    const [response] = await emulator.transmit([fromHex(command)])
    return toHex(response!).toUpperCase()
  }
  for (const command of steps[stage]) assert.match(await send(command), /9000$/)
  return { emulator, send }
}

/** What is sent, why, and what is answered; a text is the whole answer. */
export type Exchange = readonly [why: string, command: string, answer: string | RegExp]

/** One token, and the commands in turn. */
export function exchanges(name: string, stage: Stage, rows: readonly Exchange[]): void {
  test(name, async () => {
    const { send } = await emulatedToken(stage)
    for (const [why, command, answer] of rows) {
      const answered = await send(command)
      if (typeof answer === 'string') assert.equal(answered, answer.replaceAll(' ', ''), why)
      else assert.match(answered, answer, why)
    }
  })
}
