/** APDUs as `ram-client -v` prints them, without what nobody should read there. */

/** VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, INITIALIZE DEVICE. */
const withPins = new Set([0x20, 0x24, 0x2c, 0x50])
const protectedClass = 0x0c
/** Class, instruction, parameters and Lc. */
const header = 5

export function commandLine(command: Uint8Array): string {
  const [cla = 0, instruction = 0] = command
  const secret = withPins.has(instruction) && (cla & protectedClass) === 0
  const shown = secret ? command.subarray(0, header) : command
  return `C: ${hex(shown)}${'**'.repeat(command.length - shown.length)}`
}

export function responseLine(response: Uint8Array): string {
  return `R: ${hex(response)}`
}

export function atrLine(atr: Uint8Array): string {
  return `ATR: ${hex(atr)}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}
