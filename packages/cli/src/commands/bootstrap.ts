/** `keytether bootstrap`: the first administrator of a service. */
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../output.ts'
import { askHidden, firstLine } from '../pin.ts'
import { withService } from '../service/connection.ts'
import { keepToken, type NewTokenOptions, newTokenOption } from '../service/new-token.ts'
import { placeOptions, type ServiceOptions, servicePlace } from '../service/options.ts'

interface Options extends ServiceOptions, OutputOptions, NewTokenOptions {
  readonly name: string
  readonly secretFile?: string
}

export function bootstrap(program: Command): void {
  const command = program
    .command('bootstrap')
    .description('Make the first administrator of a service, with the secret that keytether serve has printed')
    .option('--name <name>', 'What the administrator is called', 'administrator')
    .option('--secret-file <file>', 'Read the secret from the first line of a file; default: it is asked for')
  outputOptions(newTokenOption(placeOptions(command))).action(run)
  examples(command, [
    ['keytether bootstrap --service http://127.0.0.1:8080 --name ann --out ann.token', 'the file is for Ann'],
  ])
}

async function run(options: Options): Promise<void> {
  const { name, secretFile } = options
  const place = await servicePlace(options)
  const made = await withService(
    options,
    async (client, signal) => {
      const secret = secretFile === undefined ? await ask(signal) : await firstLine(secretFile)
      return client.bootstrap({ body: { secret: secret.trim(), administrator: name } })
    },
    place,
  )
  const { document, line } = await keepToken(options, made)
  report(options, document, () => fields([['Administrator', printable(made.administrator.name)], line]))
}

async function ask(signal: AbortSignal): Promise<string> {
  const label = 'secret of the service'
  if (process.stdin.isTTY) return askHidden(label, text => (text === '' ? 'wanted the secret' : undefined), signal)
  throw new CliError('pin', `the ${label} is needed, and there is no terminal to ask on`, [
    'give it with --secret-file',
  ])
}
