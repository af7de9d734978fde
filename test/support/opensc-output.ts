/** What programs of OpenSC print, read. */

export interface Mechanism {
  readonly name: string
  /** Such as `sign` and `decrypt`. */
  readonly flags: readonly string[]
}

/** @param list what `pkcs11-tool --list-mechanisms` prints */
export function parseMechanisms(list: string): Mechanism[] {
  const lines = list.split('\n').filter(line => line.startsWith('  '))
  return lines.map(line => {
    // Commas part the flags, and stand between the two sizes in braces.
    const [name, ...flags] = line.trim().split(/, (?![^{]*\})/)
    return { name: name!, flags }
  })
}

export interface Exchange {
  readonly command: Buffer
  readonly response: Buffer
}

/**
 * What went to the card and came back.
 *
 * @param log what any program of OpenSC prints to standard error with OPENSC_DEBUG=9
 */
export function parseExchanges(log: string): Exchange[] {
  const apdus = [...log.matchAll(/(Outgoing|Incoming) APDU \((\d+) bytes\):\n((?:[0-9A-F]{2} .*\n)+)/g)]
  return apdus.flatMap(([, direction, , dump], index) => {
    const next = apdus[index + 1]
    if (direction !== 'Outgoing' || next?.[1] !== 'Incoming') return []
    return { command: bytes(dump!), response: bytes(next[3]!) }
  })
}

/** Sixteen bytes a line, the same as text after them. */
function bytes(dump: string): Buffer {
  return Buffer.concat(dump.split('\n').map(line => Buffer.from(line.slice(0, 48).replaceAll(' ', ''), 'hex')))
}
