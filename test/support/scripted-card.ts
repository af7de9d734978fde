/** A card that answers as a test says: for answers that no emulator gives, and for counting what is sent. */
import { type Channel, ChannelError } from '@keytether/card'
import { fromHex } from '@keytether/codec'

export interface ScriptedCard extends Channel {
  /** What was sent, one list for each transmission. */
  readonly transmissions: readonly (readonly Uint8Array[])[]
}

/** @param answer the response to a command; it may throw, which is then what the channel throws */
export function scriptedCard(answer: (command: Uint8Array, index: number) => Uint8Array): ScriptedCard {
  const transmissions: Uint8Array[][] = []
  let index = 0
  let closed = false
  const atr = fromHex('3BDE96FF8191FE1FC38031815448534D3173802140810792')
  return {
    atr,
    transmissions,
    async transmit(commands) {
      if (closed) throw new ChannelError('CLOSED', 'the channel is closed')
      transmissions.push([...commands])
      return commands.map(command => answer(command, index++))
    },
    reset: async () => atr,
    close: async () => {
      closed = true
    },
  }
}

export interface Watched extends Channel {
  /** How many transmissions there were. */
  readonly count: number
}

/** The same channel, with its transmissions counted, and each response passed through `change`. */
export function watched(
  channel: Channel,
  change: (command: Uint8Array, response: Uint8Array) => Uint8Array = (_, response) => response,
): Watched {
  let count = 0
  return {
    atr: channel.atr,
    get count() {
      return count
    },
    async transmit(commands) {
      count++
      const responses = await channel.transmit(commands)
      return responses.map((response, index) => change(commands[index]!, response))
    },
    reset: () => channel.reset(),
    close: reason => channel.close(reason),
  }
}
