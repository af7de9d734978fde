/**
 * RAM over a WebSocket: the templates of RAMOverHTTP, both ways at once. Our own, for an agent and a service of ours that meet at the
 * URL of RAMOverHTTP and find that both speak it.
 *
 * The card side dials in and sends its initiation template. From then on the server sends commands whenever it has some, in
 * numbered messages; the card side carries them out one after the other and answers each under its number. The server pings.
 * Whoever ends the session says why as it closes the WebSocket.
 *
 * @see RFC 6455
 * @module
 */
import { struct, type TypeOf, u32 } from '@keytether/codec'
import { CommandTemplate, ResponseTemplate } from './templates.ts'

/** What the card side asks for, and the server agrees to, as Sec-WebSocket-Protocol. */
export const ramSubprotocol = 'keytether-ram.v1'

/** Numbers count up from 1, and from 1 again after the highest. */
export const CommandMessage = struct({ number: u32, template: CommandTemplate })
export type CommandMessage = TypeOf<typeof CommandMessage>

/** The answer to the commands of the same number; answers come in the order of the commands. */
export const ResponseMessage = struct({ number: u32, template: ResponseTemplate })
export type ResponseMessage = TypeOf<typeof ResponseMessage>

export const ramMessageLimits = {
  /** A number, and a template whose length takes two bytes. */
  bytes: 4 + 4 + 0xffff,
  /** Messages that wait for their answers at the same time: neither end has to keep more. */
  unanswered: 64,
  /** Bytes of commands in them: even on a line of 64 kbit/s, a ping behind them is not too late. */
  unansweredBytes: 0x10000,
} as const

export const ramKeepAlive = {
  /** The server pings this often, for the first time at once. */
  pingMs: 6_000,
  /** Who has not received a single byte for this long takes the line for dead. */
  silenceMs: 9_000,
} as const

export interface Closing {
  readonly code: number
  readonly reason: string
}

const inOrder = 1000
/** Where codes begin that no standard has a meaning for. */
const own = 4000
const maxReason = 123

/**
 * How a WebSocket is closed: 1000 in order, else 4000 and the status that would say the same over HTTP.
 *
 * @see RFC 6455, 5.5.1 and 7.4.2
 */
export function closing(status: number, reason: string): Closing {
  let text = reason
  while (new TextEncoder().encode(text).length > maxReason) text = [...text].slice(0, -1).join('')
  return { code: status === 204 ? inOrder : own + status, reason: text }
}

/** The status that a WebSocket was closed with: 204 in order, undefined if it was no word of the peer's. */
export function closingStatus(code: number): number | undefined {
  if (code === inOrder) return 204
  return code >= own + 400 && code < own + 600 ? code - own : undefined
}
