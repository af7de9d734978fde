/** What `keytether agent` and an emulated token that dials in have in common. */
import { readFile } from 'node:fs/promises'
import type { AgentEvent, AgentOptions, CommandGroup, Unlocked } from '@keytether/agent'
import { type Command, Option } from 'commander'
import { agentKey } from './agent-key.ts'
import { CliError } from './errors.ts'
import type { Report } from './output.ts'
import { firstLine, givenPin, type PinOptions, readPin, userPin } from './pin.ts'
import { tries } from './presented-pin.ts'

export interface DialOptions extends PinOptions {
  readonly ca?: readonly string[]
  readonly allow?: readonly CommandGroup[]
  readonly transport?: 'auto' | 'http'
  readonly enrolmentFile?: string
  readonly keyFile?: string
}

export function dialOptions(command: Command): Command {
  return command
    .option('--ca <file...>', "Also trust these authorities for the service's certificate, PEM")
    .addOption(
      new Option('--allow <groups...>', 'Let the service send only commands of these groups; default all').choices([
        'use',
        'manage',
        'initialize',
      ]),
    )
    .option('--enrolment-file <file>', "Read the URL's enrolment secret from the first line of a file")
    .option('--key-file <file>', 'Show which agent this is by the key in a file, which is made if it is not there')
    .addOption(
      new Option('--transport <way>', 'http keeps to RAMOverHTTP; auto asks the service for a WebSocket first')
        .choices(['auto', 'http'])
        .default('auto'),
    )
}

/** @param askPin whether to ask on a terminal for a PIN that the options do not give */
export async function dialSettings(
  options: DialOptions,
  askPin: boolean,
  signal: AbortSignal,
): Promise<Pick<AgentOptions, 'authorities' | 'allow' | 'key' | 'transport' | 'pin'>> {
  const pin = await pinSource(options, askPin, signal)
  return {
    ...(options.ca && { authorities: await Promise.all(options.ca.map(file => readFile(file, 'utf8'))) }),
    ...(options.allow && { allow: options.allow }),
    ...(options.keyFile !== undefined && { key: await agentKey(options.keyFile) }),
    ...(options.transport && { transport: options.transport }),
    ...(pin && { pin }),
  }
}

/**
 * The URL with the enrolment secret in it, as the password.
 *
 * @throws CliError if the URL has one already, or the file has none
 */
export async function dialUrl(url: string, { enrolmentFile }: DialOptions): Promise<string> {
  if (enrolmentFile === undefined) return url
  const parsed = new URL(url)
  if (parsed.password !== '' || parsed.searchParams.has('enrolment')) {
    throw new CliError('usage', 'the URL holds a secret already, and --enrolment-file names another', [
      'give one of them',
    ])
  }
  const secret = (await firstLine(enrolmentFile)).trim()
  if (secret === '') throw new CliError('usage', `there is no secret in the first line of ${enrolmentFile}`)
  parsed.password = encodeURIComponent(secret)
  return parsed.href
}

export function reportNoPin(report: Report): void {
  report({ event: 'noPin' }, 'no PIN is given: only a service that has it can use the keys')
}

/** Who takes a PIN erases it, so each time it is read again, or copied. */
async function pinSource(
  options: PinOptions,
  ask: boolean,
  signal: AbortSignal,
): Promise<(() => Promise<Uint8Array>) | undefined> {
  const given = await givenPin(options, userPin)
  if (given) return async () => (await givenPin(options, userPin))!
  if (!ask || !process.stdin.isTTY) return undefined
  const answer = await readPin(options, userPin, signal)
  return async () => Uint8Array.from(answer)
}

/** Tells what happens to cards. Each attempt to connect starts with the PIN: people are told only what is new of that. */
export function agentReporter(report: Report): (event: AgentEvent & { readonly reader?: string }) => void {
  const pins = new Map<string | undefined, string>()
  return event => {
    const line = agentLine(event)
    const known = event.event === 'pin' && pins.get(event.reader) === line
    if (event.event === 'pin') pins.set(event.reader, line)
    report(event, known ? undefined : event.reader === undefined ? line : `${event.reader}: ${line}`)
  }
}

function agentLine(event: AgentEvent): string {
  switch (event.event) {
    case 'connected':
      return `connected over ${event.transport === 'http' ? 'RAMOverHTTP' : 'a WebSocket'}`
    case 'disconnected': {
      const when = event.retryMs === 0 ? 'now' : `in ${(event.retryMs / 1000).toFixed(1)} s`
      const hint = event.code === 'UNTRUSTED' ? '; if its authority is your own, name it with --ca FILE' : ''
      return `disconnected: ${event.reason}${hint}; trying again ${when}`
    }
    case 'notice':
      return `the service says: ${event.text} (${event.number})`
    case 'pin':
      return pinLine(event)
  }
}

function pinLine(unlocked: Unlocked): string {
  switch (unlocked.status) {
    case 'verified':
      return 'PIN verified'
    case 'wrongPin':
      return `wrong PIN, ${tries(unlocked.triesLeft)} left; connecting without log-in`
    case 'refused':
      return 'the PIN was wrong before and is not presented again; connecting without log-in'
    case 'lastTry':
      return 'one try is left before the PIN is blocked, and it is not spent; connecting without log-in'
    case 'wrongLength':
      return 'a PIN has 6 to 16 characters; connecting without log-in'
    case 'unavailable':
      return 'the card has no PIN that could be presented now; connecting without log-in'
    case 'notASmartCardHsm':
      return 'this is no SmartCard-HSM; connecting without log-in'
  }
}
