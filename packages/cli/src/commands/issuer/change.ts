/** `keytether issuer change`. */
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type SettingsOptions, settingsOf, settingsOptions } from './settings.ts'
import { issuerLines } from './show.ts'

export function change(parent: Command): void {
  const command = parent
    .command('change')
    .description('Change an identity provider, from the next request on')
    .argument('<name>', 'Its name or id')
    .option('--url <url>', 'Another issuer identifier: those who are known by the present one are deleted')
    .option('--audience <audience...>', 'Its tokens are to be for one of these (aud)')
  outputOptions(serviceOptions(settingsOptions(command))).action(run)
  examples(command, [['keytether issuer change company --algorithm ES256', 'what is signed otherwise is refused']])
}

async function run(name: string, options: ServiceOptions & OutputOptions & SettingsOptions): Promise<void> {
  const body = await settingsOf(options)
  if (Object.keys(body).length === 0) {
    throw new CliError('usage', 'what is to change?', [
      'add --url, --audience, --algorithm, --name-claim or --issuer-ca',
    ])
  }
  const changed = await withService(options, client => client.changeIssuer({ params: { issuer: name }, body }))
  report(options, changed, () => issuerLines(changed))
}
