/** `keytether principal certificate`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type NarrowingOptions, narrowing, narrowingOptions, narrowingWords } from './narrowing.ts'

interface Options extends ServiceOptions, OutputOptions, NarrowingOptions {
  readonly name: string
  readonly authority: string
  readonly identity: string
}

export function certificate(parent: Command): void {
  const command = parent
    .command('certificate')
    .description('Let a principal log in with certificates of an authority; principal token revoke ends it')
    .argument('<principal>', 'Its name or id')
    .requiredOption('--name <name>', 'What this way in is called')
    .requiredOption('--authority <name>', 'Name or id of the authority, as keytether authority list has it')
    .requiredOption('--identity <identity>', 'Whom the certificates name, as keytether authority identities shows it')
  outputOptions(serviceOptions(narrowingOptions(command))).action(run)
  examples(command, [
    [
      'keytether principal certificate web --name x509 --authority office --identity dns:web.example.com',
      'whatever certificate of that name it has',
    ],
  ])
}

async function run(principal: string, options: Options): Promise<void> {
  const { name, authority, identity } = options
  const body = { name, authority, identity, ...narrowing(options) }
  const made = await withService(options, client => client.bindCertificate({ params: { principal }, body }))
  report(options, made, () =>
    fields([
      ['Name', made.name],
      ['Identity', made.identity && printable(made.identity)],
      ['Until', made.expiresAt ?? 'no end'],
      ['Only', narrowingWords(made) || undefined],
    ]),
  )
}
