/**
 * The two cookies of a session: which session it is, and which template its client saw last.
 *
 * The second one tells an answer from a request that the client's HTTP library sent again by itself, since that one
 * carries the number of the template before. Clients that keep only the first cookie of the first answer lack it.
 *
 * @see RFC 6265, 4
 * @module
 */

const sessionName = 'RSESS'
const sequenceName = 'RSEQ'

export interface CookieScope {
  readonly path: string
  readonly secure: boolean
}

export function sessionCookie(id: string, scope: CookieScope): string {
  return `${sessionName}=${id}${attributes(scope)}`
}

export function sequenceCookie(number: number, scope: CookieScope): string {
  return `${sequenceName}=${number}${attributes(scope)}`
}

function attributes({ path, secure }: CookieScope): string {
  return `; Path=${path}; HttpOnly${secure ? '; Secure' : ''}`
}

/** What a client presents. There may be cookies of several sessions, of which the server knows one. */
export function readCookies(header = ''): { readonly sessions: readonly string[]; readonly sequence?: number } {
  const sessions: string[] = []
  let sequence: number | undefined
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at < 0) continue
    const name = pair.slice(0, at).trim()
    const value = pair.slice(at + 1).trim()
    if (name === sessionName) sessions.push(value)
    else if (name === sequenceName && /^\d{1,15}$/.test(value)) sequence = Number(value)
  }
  return { sessions, ...(sequence !== undefined && { sequence }) }
}
