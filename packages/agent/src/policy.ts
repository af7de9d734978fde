/** Which commands of the server are let through to the card, for those who do not want to leave that to the server. */
import { encodeResponse, sw } from '@keytether/card'
import { toHex } from '@keytether/codec'

/**
 * - `use` log-in, reading, and everything that uses a key: sign, decipher, derive, encrypt, MAC
 * - `manage` making, copying and deleting keys and files, changing and unblocking the PIN
 * - `initialize` erasing the device
 */
export type CommandGroup = keyof typeof instructions

/** Instruction bytes. Protected commands show theirs in the clear, too. */
const instructions = {
  use: [0x20, 0x22, 0x2a, 0x58, 0x5a, 0x62, 0x68, 0x76, 0x78, 0x82, 0x84, 0x86, 0xa4, 0xb0, 0xb1],
  manage: [0x24, 0x2c, 0x46, 0x48, 0x52, 0x54, 0x72, 0x74, 0xd6, 0xd7, 0xe4],
  initialize: [0x50],
} as const

/** With these P1 and without data, they only ask: how the device is, its key domains, its public keys for log-in. */
const questions: Readonly<Record<number, readonly number[]>> = { 80: [0x00], 82: [0x00], 84: [0x00, 0x02] }

/** Refuses what is too short to be a command, and commands outside of the groups; without groups, none of these. */
export function localAnswer(command: Uint8Array, allow?: readonly CommandGroup[]): Uint8Array | undefined {
  // Drivers take it for something else, and hang.
  if (command.length < 4) return encodeResponse({ data: new Uint8Array(), sw: sw.wrongLength })
  if (!allow || isAllowed(command, allow)) return undefined
  return encodeResponse({ data: new Uint8Array(), sw: sw.securityNotSatisfied })
}

function isAllowed(command: Uint8Array, allow: readonly CommandGroup[]): boolean {
  const [, instruction, p1] = command as unknown as [number, number, number]
  const group = questions[instruction]?.includes(p1) && carriesNoData(command) ? 'use' : undefined
  return allow.some(one => one === group || (instructions[one] as readonly number[]).includes(instruction))
}

/** Nothing but Le; protected, nothing but Le and the MAC: what is encrypted would be in a third object. */
const plain = /^.{8}(..|00....)?$/
const secure = /^.{8}(0a|0d|0e|0000(0a|0d|0e))(97(01..|02....))?8e08.{16}(00|0000)?$/

function carriesNoData(command: Uint8Array): boolean {
  return ((command[0]! & 0x0c) === 0 ? plain : secure).test(toHex(command))
}
