/** A card side over a WebSocket that sends what the test says, in hexadecimal. No code of the agent's. */
import { once } from 'node:events'
import { ramSubprotocol } from '@keytether/card'
import { WebSocket } from 'ws'

export interface RawCardSide {
  readonly socket: WebSocket
  /** The next message that came, or the first that nobody asked for yet. */
  next(): Promise<string>
  send(hex: string): void
  /** Code and reason with which the WebSocket was closed. */
  readonly closed: Promise<readonly [code: number, reason: string]>
}

/** @param first the first message; default an initiation */
export async function rawCardSide(url: string, first = 'e804c0023b00', autoPong = true): Promise<RawCardSide> {
  const socket = new WebSocket(url, [ramSubprotocol], { perMessageDeflate: false, autoPong })
  const messages: string[] = []
  const waiting: ((message: string) => void)[] = []
  socket.on('message', data => {
    const hex = (data as Buffer).toString('hex')
    const resolve = waiting.shift()
    if (resolve) resolve(hex)
    else messages.push(hex)
  })
  socket.on('error', () => {})
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)] as const)
  await Promise.race([once(socket, 'open'), closed])
  const send = (hex: string) => socket.send(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  if (first !== '') send(first)
  return {
    socket,
    send,
    closed,
    next() {
      const message = messages.shift()
      return message === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(message)
    },
  }
}
