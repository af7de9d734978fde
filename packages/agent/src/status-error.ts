/** What a server means that does not want to go on. */
import { SessionError } from './errors.ts'
import { printable } from './printable.ts'

const maxText = 200

/** @param taken whether it had taken the card before */
export function statusError(status: number, text: string, taken: boolean): SessionError {
  const said = printable(text, maxText).trim()
  const what = status === 504 ? (taken ? 'the server gave up' : 'the server does not want this card') : meanings[status]
  const message = [`${what ?? 'the server answered'} (HTTP ${status})`, ...(said === '' ? [] : [said])].join(': ')
  return new SessionError('STATUS', message, { status })
}

const meanings: Record<number, string> = {
  401: 'the server wants a user and password in the URL',
  404: 'the server does not know the URL, or no longer the session',
  503: 'the server is not available',
}
