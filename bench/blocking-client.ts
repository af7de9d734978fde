/**
 * A card in a PC/SC reader as C programs use it: calls that block. What it measures is the card and pcscd, and not how
 * long it takes an event loop to hear of an answer.
 */
import type { Channel } from '@keytether/card'
import koffi from 'koffi'

const [shared, protocolT1, unpower] = [2, 2, 2]

/** Connects to the card in the reader, which is there already. */
export function openBlocking(reader: string): Channel {
  const library = koffi.load('libpcsclite.so.1')
  const call = (name: string, parameters: string) => {
    const native = library.func(`long ${name}(${parameters})`)
    return (...values: unknown[]) => {
      const returnCode = native(...values) as number
      if (returnCode !== 0) throw new Error(`${name}: ${(returnCode >>> 0).toString(16)}`)
    }
  }
  const establish = call('SCardEstablishContext', 'unsigned long, void *, void *, _Out_ long *')
  const connect = call('SCardConnect', 'long, str, unsigned long, unsigned long, _Out_ long *, _Out_ unsigned long *')
  const transmit = call('SCardTransmit', 'long, uint64_t *, uint8_t *, unsigned long, void *, uint8_t *, uint64_t *')
  const disconnect = call('SCardDisconnect', 'long, unsigned long')
  const context: [number] = [0]
  const card: [number] = [0]
  establish(0, null, null, context)
  connect(context[0], reader, shared, protocolT1, card, [0])

  const header = BigUint64Array.of(BigInt(protocolT1), 16n)
  const response = new Uint8Array(65_548)
  const received = new BigUint64Array(1)
  const send = (command: Uint8Array) => {
    received[0] = BigInt(response.length)
    transmit(card[0], header, command, command.length, null, response, received)
    return response.slice(0, Number(received[0]))
  }
  return {
    atr: new Uint8Array(),
    transmit: async commands => commands.map(send),
    reset: () => Promise.reject(new Error('a reset is not measured')),
    close: async () => disconnect(card[0], unpower),
  }
}
