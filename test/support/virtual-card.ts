/** A scripted card for vpcd: what it answers is up to the test. Shares no code with the emulator. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { virtualReaders } from './sandbox.ts'

export interface VirtualCard {
  /** What vpcd asked for besides commands and the ATR, in order. */
  readonly power: ('off' | 'on' | 'reset')[]
  /** Commands that came, in order. */
  readonly commands: Uint8Array[]
  /** Pulls the card out. */
  remove(): Promise<void>
}

export interface Script {
  readonly atr: Uint8Array
  /** The response, or nothing while the card is to stay silent. */
  readonly answer: (command: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** Which of the two virtual readers. */
  readonly slot?: 0 | 1
}

/** Inserts the card. pcscd sees it about half a second later. */
export async function insertVirtualCard({ atr, answer, slot = 0 }: Script): Promise<VirtualCard> {
  const power: VirtualCard['power'] = []
  const commands: Uint8Array[] = []
  const socket = connect({ ...virtualReaders[slot], noDelay: true })
  await once(socket, 'connect')
  socket.on('error', () => {})
  let unread = Buffer.alloc(0)
  socket.on('data', async chunk => {
    unread = Buffer.concat([unread, chunk])
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE()) {
      const end = 2 + unread.readUInt16BE()
      const payload = unread.subarray(2, end)
      unread = unread.subarray(end)
      if (payload.length > 1) commands.push(Uint8Array.from(payload))
      else if (payload[0] !== 4) power.push((['off', 'on', 'reset'] as const)[payload[0]!]!)
      const response = payload.length > 1 ? await answer(payload) : payload[0] === 4 ? atr : undefined
      if (!response || socket.destroyed) continue
      const length = Buffer.alloc(2)
      length.writeUInt16BE(response.length)
      socket.write(Buffer.concat([length, response]))
    }
  })
  const remove = async () => {
    if (socket.destroyed) return
    const closed = once(socket, 'close')
    socket.destroy()
    await closed
  }
  return { power, commands, remove }
}
