/** Where to listen or connect to: `HOST:PORT` or `[IPv6]:PORT`, or a URL. */
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

export function endpointUrl(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text
  throw new InvalidArgumentError('Wanted a URL such as https://hsm.example.com/rt/hsm.')
}
