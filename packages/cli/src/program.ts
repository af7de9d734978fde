/** The commands, and what comes of them: an exit code, and on failure an error with hints. */
import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import { agent } from './commands/agent.ts'
import { audit } from './commands/audit.ts'
import { authority } from './commands/authority.ts'
import { bootstrap } from './commands/bootstrap.ts'
import { card } from './commands/card.ts'
import { ceremony } from './commands/ceremony.ts'
import { completion } from './commands/completion.ts'
import { cryptography } from './commands/cryptography.ts'
import { demo } from './commands/demo.ts'
import { device } from './commands/device.ts'
import { emulator } from './commands/emulator.ts'
import { enrolment } from './commands/enrolment.ts'
import { events } from './commands/events.ts'
import { group } from './commands/group.ts'
import { issuer } from './commands/issuer.ts'
import { key } from './commands/key.ts'
import { principal } from './commands/principal.ts'
import { serve } from './commands/serve.ts'
import { service } from './commands/service.ts'
import { session } from './commands/session.ts'
import { share } from './commands/share.ts'
import { signIn } from './commands/sign-in.ts'
import { tenant } from './commands/tenant.ts'
import { testHsm } from './commands/test-hsm.ts'
import { verifyAttestation } from './commands/verify-attestation.ts'
import { verifyRecord } from './commands/verify-record.ts'
import { whoami } from './commands/whoami.ts'
import { CliError, exitCodes, explain } from './errors.ts'
import { examples } from './examples.ts'
import { printable } from './output.ts'

/** The commands as they are read: in chapters. */
const chapters: readonly (readonly [title: string, declared: readonly ((program: Command) => void)[]])[] = [
  ['Programs that go on until they are ended', [demo, serve, agent, emulator]],
  ['Keys and tokens of a service', [key, cryptography, group, testHsm, device, enrolment, ceremony]],
  ['Who may, and who did', [signIn, whoami, session, principal, tenant, issuer, authority, audit, events]],
  ['The service itself', [service, bootstrap]],
  ['Cards at hand, and files', [card, share, verifyAttestation, verifyRecord, completion]],
]

export function createProgram(): Command {
  const program = new Command('keytether')
    .description('A cloud HSM made of SmartCard-HSM tokens, wherever they are plugged in.')
    .version(version(), '-V, --version', 'Show the version')
    .helpOption('-h, --help', 'Show this help')
    .helpCommand('help [command]', 'Show the help of a command')
    .exitOverride()
    .showHelpAfterError('hint: add --help to see what this command takes')
    .configureHelp({ minWidthToWrap: 30, styleTitle: title => styleText('bold', title, { validateStream: false }) })

  for (const [title, declared] of chapters) {
    program.commandsGroup(`${title}:`)
    for (const declare of declared) declare(program)
  }

  examples(program, [
    ['keytether demo', 'service and emulated token, on this machine'],
    ['keytether card status --reader "Virtual PCD 00 00"', 'what the card in a reader says of itself'],
    ['keytether agent https://hsm.example.com/rt/hsm', 'lend the tokens of this machine to a service'],
  ])
  const codes = Object.entries(exitMeanings).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`)
  return program.addHelpText('after', `\n${styleText('bold', 'Exit codes:')}\n${codes.join('\n')}`)
}

const exitMeanings = {
  0: 'done',
  [exitCodes.failed]: 'failed',
  [exitCodes.usage]: 'wrong usage',
  [exitCodes.pin]: 'PIN missing, wrong or blocked',
  [exitCodes.notFound]: 'no such reader, card, key or file',
  [exitCodes.incomplete]: 'done as far as possible, which was not all',
  [exitCodes.interrupted]: 'interrupted',
}

/** @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  const program = createProgram()
  try {
    if (args.length === 0) program.help({ error: true })
    // Commander's own `help` looks no further than the first command.
    const [first, ...path] = args
    const asked = first === 'help' && path.length > 1 ? [...path, '--help'] : args
    await program.parseAsync(asked, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
    const { code, message, hints } = error instanceof CliError ? error : explain(error)
    console.error(`${styleText('red', 'error:', { stream: process.stderr })} ${printableLines(message)}`)
    for (const hint of hints)
      console.error(`${styleText('cyan', 'hint:', { stream: process.stderr })} ${printableLines(hint)}`)
    return exitCodes[code]
  }
}

/** Errors quote cards, files and services: none of them writes lines that look like ours. */
function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n  ')
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
