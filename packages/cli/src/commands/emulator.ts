/** `keytether emulator`: a SmartCard-HSM in software, in a reader of PC/SC or dialling in to a service. */
import type { AgentOptions } from '@keytether/agent'
import type { Channel } from '@keytether/card'
import type { VpcdEvent } from '@keytether/emulator'
import type { Command } from 'commander'
import { type Address, address, endpointUrl } from '../address.ts'
import { agentReporter, type DialOptions, dialOptions, dialSettings, dialUrl, reportNoPin } from '../agent-options.ts'
import { type BytesOptions, bytesOptions, writeBytes } from '../bytes-io.ts'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { interruption } from '../interrupt.ts'
import { type OutputOptions, outputOptions, type Report, reporter } from '../output.ts'
import { pinOptions, userPin } from '../pin.ts'
import { openState, type PassphraseOptions, passphraseOption } from '../state-file.ts'

interface EmulatorOptions extends OutputOptions, DialOptions, PassphraseOptions {
  readonly state?: string
  readonly vpcd?: Address
  readonly ram?: string
  readonly latency?: string
}

export function emulator(program: Command): void {
  const command = program
    .command('emulator')
    .description('A SmartCard-HSM in software: a card for PC/SC, or a token that dials in to a service')
    .option('--state <file>', 'The token; a new one is made if there is none')
    .option('--vpcd <host:port>', 'Put it into a reader of vpcd; its first one listens at 127.0.0.1:35963', address)
    .option('--ram <url>', 'Dial in to the service at this URL', endpointUrl)
    .option('--latency <model>', 'As slow as a real token: real-token; or milliseconds by kind: sign=150,generate=3000')
  passphraseOption(dialOptions(pinOptions(command, userPin)))
  outputOptions(command, 'Print events as lines of JSON').action(run)
  examples(command, [
    ['keytether emulator --state token.state --vpcd 127.0.0.1:35963', 'for sc-hsm-tool, pkcs11-tool and all the rest'],
    ['keytether emulator --state token.state --ram http://127.0.0.1:8080/rt/hsm --pin-file pin', 'for a service'],
    ['keytether emulator root > root.cvc', 'what the service must trust for that: serve --trust root.cvc'],
  ])

  const root = command
    .command('root')
    .description('The root certificate (CVC) of all emulated tokens. It proves nothing: trust it for tests alone')
  bytesOptions(root, 'raw').action(writeRoot)
}

async function writeRoot(options: BytesOptions): Promise<void> {
  const { Certificate } = await import('@keytether/card')
  const { encode } = await import('@keytether/codec')
  const { emulatorRoot } = await import('@keytether/emulator')
  await writeBytes(options, encode(Certificate, emulatorRoot.certificate))
}

async function run(options: EmulatorOptions): Promise<void> {
  const { state, vpcd, ram } = options
  if (state === undefined) throw new CliError('usage', 'which token? --state is missing', ['add --state FILE'])
  if ((vpcd === undefined) === (ram === undefined)) {
    throw new CliError('usage', 'a token is either in a reader or dials in', ['add --vpcd HOST:PORT or --ram URL'])
  }
  const { parseLatency } = await import('@keytether/emulator')
  const report = reporter(options)
  using stop = interruption()
  const latency = options.latency === undefined ? undefined : parseLatency(options.latency)
  const settings = await dialSettings(options, ram !== undefined, stop.signal)
  await using token = await openState(state, { ...options, latency })
  await introduce(token, report)
  if (vpcd) await insert(token, vpcd, report, stop.signal)
  if (ram === undefined) return
  const url = await dialUrl(ram, options)
  await dialIn(token, { ...settings, url, signal: stop.signal }, report)
}

/** Says which token this is. */
async function introduce(token: Channel, report: Report): Promise<void> {
  const { emulatorRoot } = await import('@keytether/emulator')
  const { SmartCardHsm } = await import('@keytether/driver')
  const card = await SmartCardHsm.open(token, { roots: [emulatorRoot] })
  const { path, holderReference, rootReference } = card.identity
  const { status } = await card.pinStatus()
  const atr = Buffer.from(token.atr).toString('hex').toUpperCase()
  const initialized = status !== 'notInitialized'
  await token.reset()
  report(
    { event: 'token', path, holderReference, root: rootReference, atr, initialized },
    `${path}${initialized ? '' : ', not initialised'}, ATR ${atr}`,
  )
}

async function insert(token: Channel, at: Address, report: Report, signal: AbortSignal): Promise<void> {
  const { attachVpcd } = await import('@keytether/emulator')
  const onEvent = (event: VpcdEvent) => {
    const line = event.state === 'inserted' ? 'in the reader' : `not in the reader: ${event.reason}; trying on`
    report({ event: event.state, ...('reason' in event && { reason: event.reason }) }, line)
  }
  await attachVpcd(token, { ...at, signal, onEvent })
}

async function dialIn(token: Channel, options: Omit<AgentOptions, 'open'>, report: Report): Promise<void> {
  const { runAgent } = await import('@keytether/agent')
  if (!options.pin) reportNoPin(report)
  // A session ends with a reset; the token itself is there for the next one.
  const open = async (): Promise<Channel> => ({
    atr: token.atr,
    transmit: commands => token.transmit(commands),
    reset: () => token.reset(),
    close: async () => void (await token.reset()),
  })
  await runAgent({ ...options, open, onEvent: agentReporter(report) })
}
