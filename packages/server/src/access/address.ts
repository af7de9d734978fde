/** Where a request comes from: behind proxies that the configuration names, what they say. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { addresses, plainAddress } from '@keytether/hsm'

export type AddressOf = (request: IncomingMessage) => string

/**
 * Each proxy adds to `X-Forwarded-For` from whom it has the request. Read from its end, what the proxies of the configuration have added is
 * true; the first address that is none of them is the client's, and what stands before it anybody may have written.
 *
 * @param proxies addresses and networks
 */
export function addressOf(proxies: readonly string[] = []): AddressOf {
  const isProxy = addresses(proxies)
  return ({ socket, headers }) => {
    const passed = forwardedFor(headers['x-forwarded-for'])
    let address = plainAddress(socket.remoteAddress ?? '')
    while (isProxy(address)) {
      const before = plainAddress(passed.pop() ?? '')
      if (isIP(before) === 0) break
      address = before
    }
    return address
  }
}

function forwardedFor(header: string | string[] = ''): string[] {
  return [header]
    .flat()
    .join(',')
    .split(',')
    .map(one => one.trim())
}
