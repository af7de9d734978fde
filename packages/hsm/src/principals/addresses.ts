/** IP addresses, and lists of those that are allowed. */
import { BlockList, isIP } from 'node:net'
import { HsmError } from '../errors.ts'

export type Addresses = (address: string) => boolean

/**
 * @param ranges addresses and networks, as `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`
 * @returns whether an address is in one of them
 * @throws HsmError INVALID
 */
export function addresses(ranges: readonly string[]): Addresses {
  const list = new BlockList()
  for (const range of ranges) add(list, range)
  return address => {
    const plain = plainAddress(address)
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain))
  }
}

/** Without a zone, and an IPv4 address as such where a socket for both writes it as `::ffff:192.0.2.7`. */
export function plainAddress(address: string): string {
  const [plain = ''] = address.split('%', 1)
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain
}

/** What one customer of a provider has: an IPv4 address, or 2^64 of IPv6. */
export function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (isIP(plain) !== 6) return plain
  const [head = '', tail] = plain.split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const [first, last] = [groups(head), groups(tail)]
  const all = [...first, ...Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0'), ...last]
  return `${all
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

function add(list: BlockList, range: string): void {
  const [, written = '', bits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(range) ?? []
  const net = plainAddress(written)
  const most = isIP(net) === 4 ? 32 : 128
  // What is written as IPv6 and is IPv4 counts its bits from the same end.
  const prefix = bits === undefined ? most : Number(bits) - (net === written ? 0 : 96)
  if (isIP(net) === 0 || prefix < 0 || prefix > most) {
    throw new HsmError('INVALID', `wanted an address or a network as 192.0.2.0/24 or 2001:db8::/32, got ${range}`)
  }
  list.addSubnet(net, prefix, familyOf(net))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}
