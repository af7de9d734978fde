/** How `ram-client` says what came of a session: scripts know these lines by heart. */
import type { SessionError, SessionErrorCode } from '@keytether/agent'

export const completed = 'Completed'

const lines: Record<Exclude<SessionErrorCode, 'STATUS' | 'NOTICE'>, string> = {
  ELEMENT: 'Error 1',
  ENCODING: 'Invalid TLV encoding in request from server',
  TEMPLATE: 'Server request invalid. Is the server URL a valid RAMOverHTTP end-point ?',
  NETWORK: 'Networking error',
  UNTRUSTED: 'Networking error',
  SCHEME: 'Networking error',
  CARD: 'Card communication error',
  HOST: 'Host not found',
  URL: 'URL is invalid or not found on server',
  CONNECT: 'Connection to host failed',
  TIMEOUT: 'Error -13',
  CANCELLED: 'Session canceled',
}

const notInitiated = 'Server did not initiate connection to card. See server log for details'
const aborted = 'Server aborted connection to card. See server log for details'
const unexpected = 'Server send unexpected HTTP code'

/** The C program takes a message's number for one of its own results. */
const byNumber: Record<number, string> = {
  [-2]: 'Out of memory error',
  [-3]: lines.ENCODING,
  [-4]: lines.TEMPLATE,
  [-5]: lines.NETWORK,
  [-6]: lines.CARD,
  [-7]: notInitiated,
  [-8]: aborted,
  [-9]: lines.HOST,
  [-10]: lines.URL,
  [-11]: lines.CONNECT,
  [-12]: unexpected,
}

/** @param taken whether the server had sent a template before */
export function outcomeLines({ code, status, number = 0 }: SessionError, taken: boolean): readonly string[] {
  if (code === 'NOTICE') return [byNumber[number] ?? `Error ${number}`]
  if (code !== 'STATUS') return [lines[code]]
  if (status === 404) return [lines.URL]
  if (status === 504) return [taken ? aborted : notInitiated]
  return [`Server HTTP code ${status}`, unexpected]
}
