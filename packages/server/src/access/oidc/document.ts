/**
 * Documents of identity providers: read over HTTPS, of a bounded size and in a bounded time. Redirections are not followed, since
 * who is redirected asks something that nobody has named.
 */
import { lookup } from 'node:dns'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { getCACertificates } from 'node:tls'

export interface DocumentOptions {
  /** Certificates of authorities to trust besides the system's, PEM. */
  readonly authorities: string | null
  /** Only addresses that anybody in the Internet could ask. */
  readonly publicOnly: boolean
}

const patienceMs = 5_000
/** Large providers have some tens of keys of a kilobyte or two. */
const mostBytes = 512 * 1024

/** @throws Error that says what was wrong, in words for who has configured the issuer */
export async function readDocument(text: string, { authorities, publicOnly }: DocumentOptions): Promise<unknown> {
  const url = URL.parse(text)
  if (url === null || !isAllowed(url)) throw new Error(`wanted a URL with https://, got ${JSON.stringify(text)}`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (publicOnly && isIP(host) !== 0 && isInner(host)) throw innerError(host)
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const request = (url.protocol === 'https:' ? requestSecure : requestPlain)(url, {
    // A connection of its own, which no other issuer's authorities or rules have let through.
    agent: false,
    headers: { Accept: 'application/json', 'User-Agent': 'keytether' },
    ca: [
      ...getCACertificates('default'),
      ...getCACertificates('system'),
      ...(authorities === null ? [] : [authorities]),
    ],
    ...(publicOnly && { lookup: publicLookup }),
  })
  const timer = setTimeout(
    () => request.destroy(new Error(`no whole answer within ${patienceMs / 1000} s`)),
    patienceMs,
  )
  request.on('error', ({ message }) => reject(new Error(`${url.origin}: ${message}`)))
  request.on('response', async response => {
    try {
      if (response.statusCode !== 200) throw new Error(`wanted status 200, got ${response.statusCode}`)
      const chunks: Uint8Array[] = []
      let length = 0
      for await (const chunk of response as AsyncIterable<Uint8Array>) {
        length += chunk.length
        if (length > mostBytes) throw new Error(`wanted at most ${mostBytes} bytes`)
        chunks.push(chunk)
      }
      resolve(parsed(Buffer.concat(chunks).toString()))
    } catch (error) {
      reject(new Error(`${url.href}: ${(error as Error).message}`))
    } finally {
      request.destroy()
    }
  })
  request.end()
  return promise.finally(() => clearTimeout(timer))
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function isAllowed({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('wanted JSON')
  }
}

/** Addresses are looked at where the connection is made to them: what a name stands for can change. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0)
    const inner = addresses.find(({ address }) => isInner(address))
    if (inner !== undefined) return callback(innerError(inner.address), '', 0)
    if (options.all) callback(null, addresses)
    else callback(null, addresses[0]!.address, addresses[0]!.family)
  })
}

function innerError(address: string): Error {
  return new Error(`${address} is an address of this machine or its network: only the tenant main may name such`)
}

function isInner(address: string): boolean {
  return innerNetworks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** @see IANA's registries of special-purpose addresses, IPv4 and IPv6 */
const innerNetworks = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  innerNetworks.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 96],
  // An IPv4 address may be in these: translated, tunnelled.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  innerNetworks.addSubnet(network, prefix, 'ipv6')
}
