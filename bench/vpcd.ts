/**
 * The emulator as a card in a reader: client, pcscd and emulator have a process each. Beside it a card that only echoes.
 *
 * Runs itself twice more inside a sandbox: as the card (`card`, `echo`) and as the client (`client`, `echo-client`).
 */
import { once } from 'node:events'
import { GetChallenge } from '@keytether/card'
import { listReaders, openPcsc } from '@keytether/driver'
import { attachVpcd, Emulator, memoryStore } from '@keytether/emulator'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { openSandbox } from '@keytether/test/sandbox'
import { openBlocking } from './blocking-client.ts'
import { measure, nodeLimits, prepare } from './card.ts'
import { print, rate } from './report.ts'

const challenge = GetChallenge.encodeRequest({}, undefined, { le: 8 })
const [role, ...parameters] = process.argv.slice(2)
if (role === 'card') await insert(await Emulator.open({ store: memoryStore() }))
else if (role === 'echo') await insert(echo())
else if (role === 'client') await client(Number(parameters[0]))
else if (role === 'echo-client') await echoClient()
else await main()

/** Puts a card into the sandbox's reader, until this process is ended. */
async function insert(card: Emulator | ReturnType<typeof echo>): Promise<void> {
  await attachVpcd(card, { signal: new AbortController().signal, onEvent: ({ state }) => console.log(state) })
}

/** Answers every command at once with ten bytes, as many as GET CHALLENGE is answered with here. */
function echo() {
  const atr = Buffer.from('3bde96ff8191fe1fc38031815448534d31738021408107', 'hex')
  const check = atr.subarray(1).reduce((sum, byte) => sum ^ byte, 0)
  const answer = Buffer.from('00112233445566779000', 'hex')
  return {
    atr: Buffer.concat([atr, Buffer.of(check)]),
    transmit: async (commands: readonly Uint8Array[]) => commands.map(() => answer),
    reset: async () => atr,
    close: async () => {},
  }
}

/** The card in the first reader, as soon as it is there. */
async function open() {
  const [reader = ''] = await listReaders()
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await openPcsc(reader)
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
  throw new Error('the card did not appear in the reader')
}

async function client(echoRate: number): Promise<void> {
  const card = await open()
  const blocking = openBlocking(card.reader)
  const echo = { name: 'echo', value: echoRate }
  await measure('Emulator, over PC/SC and vpcd', blocking, await prepare(card), { ...(await nodeLimits()), echo })
  print({ name: 'APDU round trips, by our driver', value: await rate(() => card.transmit([challenge])), unit: '/s' })
  const batch = Array<Uint8Array>(10).fill(challenge)
  print({ name: '  in batches of 10', value: 10 * (await rate(() => card.transmit(batch))), unit: '/s' })
  await blocking.close()
  await card.close()
}

async function echoClient(): Promise<void> {
  const card = await open()
  const blocking = openBlocking(card.reader)
  console.log(await rate(() => blocking.transmit([challenge])))
  await blocking.close()
  await card.close()
}

async function main(): Promise<void> {
  const missing = missingPeers(sandboxPeers)
  if (missing !== undefined) {
    console.log(`\nEmulator, over PC/SC and vpcd: not measured, ${missing}`)
    return
  }
  const echoRate = Number(await inSandbox('echo', ['echo-client'], 'pipe'))
  await inSandbox('card', ['client', String(echoRate)], 'inherit')
}

/** Runs a card and its client in a sandbox of their own, and returns what the client wrote. */
async function inSandbox(card: string, client: string[], stdout: 'pipe' | 'inherit'): Promise<string> {
  await using sandbox = await openSandbox()
  const inserted = sandbox.spawn(process.execPath, [import.meta.filename, card])
  await once(inserted.stdout!, 'data', { signal: AbortSignal.timeout(10_000) })
  const child = sandbox.spawn(process.execPath, [import.meta.filename, ...client], {
    stdio: ['ignore', stdout, 'inherit'],
  })
  let written = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    written += chunk.toString()
  })
  const [code] = await once(child, 'close', { signal: AbortSignal.timeout(120_000) })
  if (code !== 0) throw new Error(`the client in the sandbox ended with ${code}`)
  return written
}
