/**
 * The cookies of one session with one URL.
 *
 * @see RFC 6265, 5
 * @module
 */

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** What clients should keep for one domain at least (6.1). Servers that set ever more do not make requests ever longer. */
const maxCookies = 50

export class CookieJar {
  readonly #url: URL
  readonly #cookies: Cookie[] = []

  constructor(url: URL) {
    this.#url = url
  }

  /** Takes in the Set-Cookie headers of an answer. */
  store(headers: readonly string[] = []): void {
    for (const header of headers) this.#storeOne(header)
  }

  /** The Cookie header for the next request, if there is something to put into it. */
  get header(): string | undefined {
    const pairs = this.#cookies.map(({ name, value }) => `${name}=${value}`)
    return pairs.length > 0 ? pairs.join('; ') : undefined
  }

  #storeOne(header: string): void {
    const [pair = '', ...rest] = header.split(';')
    const [name, value] = parts(pair)
    if (name === '' || value === undefined) return
    const attributes = new Map(rest.map(parts).map(([key, text]) => [key.toLowerCase(), text ?? '']))
    if (!this.#concernsUs(attributes)) return
    const wanted = attributes.get('path') ?? ''
    const path = wanted.startsWith('/') ? wanted : defaultPath(this.#url.pathname)
    const old = this.#cookies.findIndex(cookie => cookie.name === name && cookie.path === path)
    if (old >= 0) this.#cookies.splice(old, 1)
    if (expired(attributes) || !pathMatches(this.#url.pathname, path) || this.#cookies.length === maxCookies) return
    this.#cookies.push({ name, value, path })
    // Those of the more specific path come first.
    this.#cookies.sort((a, b) => b.path.length - a.path.length)
  }

  #concernsUs(attributes: ReadonlyMap<string, string>): boolean {
    if (attributes.has('secure') && this.#url.protocol !== 'https:') return false
    const domain = (attributes.get('domain') ?? '').replace(/^\./, '').toLowerCase()
    const host = this.#url.hostname
    return domain === '' || host === domain || host.endsWith(`.${domain}`)
  }
}

function parts(pair: string): [name: string, value?: string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair.trim()] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
}

function defaultPath(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}

function pathMatches(path: string, scope: string): boolean {
  return path === scope || (path.startsWith(scope) && (scope.endsWith('/') || path[scope.length] === '/'))
}

function expired(attributes: ReadonlyMap<string, string>): boolean {
  const age = attributes.get('max-age')
  if (age !== undefined && /^-?\d+$/.test(age)) return Number(age) <= 0
  return Date.parse(attributes.get('expires') ?? '') <= Date.now()
}
