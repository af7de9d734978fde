/**
 * `ram-client`: one session with the card in a reader, in place of the C program of this name. What it prints and its
 * exit code are those of that program; everything goes to standard output.
 */
import { readFileSync } from 'node:fs'
import { runSession, SessionError, Unlocker } from '@keytether/agent'
import { ChannelError } from '@keytether/card'
import { listReaders, openPcsc, type PcscChannel, PcscError } from '@keytether/driver'
import { interruption } from './interrupt.ts'
import { type Arguments, readArguments } from './ram-client/arguments.ts'
import { completed, outcomeLines } from './ram-client/outcome.ts'
import { atrLine, commandLine, responseLine } from './ram-client/verbose.ts'

/** Ends the program with exit code 1 after these lines. */
class Failure extends Error {
  readonly lines: readonly string[]
  constructor(...lines: readonly string[]) {
    super(lines.join(', '))
    this.lines = lines
  }
}

async function main(args: readonly string[]): Promise<void> {
  const given = readArguments(args)
  if (!('verbose' in given)) throw new Failure(...given)
  const readers = await availableReaders()
  if (given.listReaders) say(...readers)
  await using card = await connect(given.reader, readers)
  await unlock(card, given)
  if (given.url === undefined) say('No URL defined')
  else await session(card, given.url, given.verbose)
  await card.close()
  say(completed)
}

async function availableReaders(): Promise<string[]> {
  const readers = await listReaders().catch(error => {
    if (!(error instanceof PcscError)) throw error
    const listing = error.call === 'SCardListReaders'
    const what = listing ? 'Could not list readers' : 'Could not establish context to PC/SC manager'
    throw new Failure(`${what} (${error.text})`)
  })
  if (readers.length === 0) throw new Failure('Could not list readers (Cannot find a smart card reader.)')
  return readers
}

async function connect(wanted: string | undefined, readers: readonly string[]): Promise<PcscChannel> {
  const reader = wanted === undefined ? readers[0] : readers.find(name => name.startsWith(wanted))
  if (reader === undefined) throw new Failure('Could not connect to card (Unknown reader specified.)')
  return openPcsc(reader).catch(error => {
    if (!(error instanceof PcscError)) throw error
    const what = error.call === 'SCardStatus' ? 'Could not query card status' : 'Could not connect to card'
    throw new Failure(`${what} (${error.text})`)
  })
}

async function unlock(card: PcscChannel, { pin, pinFile }: Arguments): Promise<void> {
  const text = pinFile === undefined ? pin : pinOf(pinFile)
  if (text === undefined) return
  const outcome = await new Unlocker().unlock(card, new TextEncoder().encode(text)).catch(error => {
    throw error instanceof ChannelError ? new Failure(`Error during card communication (${textOf(error)})`) : error
  })
  switch (outcome.status) {
    case 'verified':
      return
    case 'notASmartCardHsm':
      say('Not a SmartCard-HSM. Skipping PIN verification.')
      return
    case 'wrongPin':
      throw new Failure(`PIN verification failed with SW1/SW2 = 63C${outcome.triesLeft.toString(16).toUpperCase()}.`)
    case 'unavailable':
      throw new Failure(`PIN verification failed with SW1/SW2 = ${outcome.sw.toString(16).toUpperCase()}.`)
    case 'wrongLength':
      throw new Failure('PIN length must be 6 to 16 digits')
    default:
      throw new Failure('PIN not verified, since only one try is left')
  }
}

function pinOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/, 1)[0]!
  } catch (error) {
    throw new Failure(`Could not read the PIN from ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
}

async function session(channel: PcscChannel, url: string, verbose: boolean): Promise<void> {
  using stop = interruption()
  let taken = false
  const hooks = {
    connected() {
      taken = true
    },
    notice: (number: number, text: string) => say(`(${number}) ${text}`),
    cardFailed: (reason: string) => say(`Error during card communication (${reason})`),
    ...(verbose && {
      exchanged(command: Uint8Array, response: Uint8Array | undefined) {
        say(commandLine(command))
        if (response) say(responseLine(response))
      },
      reset: (atr: Uint8Array) => say(atrLine(atr)),
    }),
  }
  try {
    await runSession({ url, channel, transport: 'http', hooks, signal: stop.signal })
  } catch (error) {
    throw error instanceof SessionError ? new Failure(...outcomeLines(error, taken)) : error
  }
}

function textOf({ cause, message }: ChannelError): string {
  return cause instanceof PcscError ? cause.text : message
}

function say(...lines: readonly string[]): void {
  for (const line of lines) console.log(line)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Failure)) throw error
  say(...error.lines)
  process.exitCode = 1
}
