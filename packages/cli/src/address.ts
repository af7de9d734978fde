/** Where to listen or connect to, as `HOST:PORT` or `[IPv6]:PORT`. */
import { InvalidArgumentError } from 'commander'

export interface Address {
  readonly host: string
  readonly port: number
}

export function address(text: string): Address {
  const match = /^(?<host>\[[0-9a-f:]+\]|[^:]+):(?<port>\d+)$/i.exec(text)
  const port = Number(match?.groups?.port)
  if (!match?.groups || port > 65535) throw new InvalidArgumentError('Wanted HOST:PORT.')
  return { host: match.groups.host!.replace(/^\[(.*)\]$/, '$1'), port }
}
