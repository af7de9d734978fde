/** Which commands of the server are let through to the card, for those who do not want to leave that to the server. */
import { encodeResponse, sw } from '@keytether/card'

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

/** INITIALIZE DEVICE without data only asks how the device is. */
const initialize = 0x50
const protectedClass = 0x0c

/** Refuses what is too short to be a command, and commands outside of the groups; without groups, none of these. */
export function localAnswer(command: Uint8Array, allow?: readonly CommandGroup[]): Uint8Array | undefined {
  // Drivers take it for something else, and hang.
  if (command.length < 4) return encodeResponse({ data: new Uint8Array(), sw: sw.wrongLength })
  if (!allow || isAllowed(command, allow)) return undefined
  return encodeResponse({ data: new Uint8Array(), sw: sw.securityNotSatisfied })
}

function isAllowed(command: Uint8Array, allow: readonly CommandGroup[]): boolean {
  const [cla, instruction] = command as unknown as [number, number]
  // At most Le follows the header.
  const onlyAsks = command.length <= 5 || (command.length === 7 && command[4] === 0)
  const group = instruction === initialize && onlyAsks && (cla & protectedClass) === 0 ? 'use' : undefined
  return allow.some(one => one === group || (instructions[one] as readonly number[]).includes(instruction))
}
