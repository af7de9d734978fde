/**
 * A process that is an emulated token, and dials in to a service until it is killed: `node token-process.ts FILE URL PIN`. It
 * begins when it is told so on its standard input, since to load a program takes longer than all the rest.
 */
import { once } from 'node:events'
import { runAgent } from '@keytether/agent'
import { Emulator, fileStore } from '@keytether/emulator'

const [file, url, pin] = process.argv.slice(2)
await once(process.stdin, 'data')
const token = await Emulator.open({ store: fileStore(file!) })
await runAgent({
  url: url!,
  pin: async () => new TextEncoder().encode(pin),
  signal: new AbortController().signal,
  open: async () => ({
    atr: token.atr,
    transmit: commands => token.transmit(commands),
    reset: () => token.reset(),
    close: async () => void (await token.reset()),
  }),
})
