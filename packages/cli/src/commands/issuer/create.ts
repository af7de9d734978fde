/** `keytether issuer create`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type SettingsOptions, settingsOf, settingsOptions } from './settings.ts'
import { issuerLines } from './show.ts'

interface Options extends ServiceOptions, OutputOptions, SettingsOptions {
  readonly url: string
  readonly audience: readonly string[]
}

export function create(parent: Command): void {
  const command = parent
    .command('create')
    .description('Trust an identity provider; who may what is said by `issuer grant`')
    .argument('<name>', 'What it is called: those who come with its tokens are NAME/SUBJECT')
    .requiredOption('--url <url>', 'Its issuer identifier, exactly as it stands in its tokens (iss)')
    .requiredOption('--audience <audience...>', 'Its tokens are to be for one of these (aud)')
  outputOptions(serviceOptions(settingsOptions(command))).action(run)
  examples(command, [
    ['keytether issuer create company --url https://login.example.com --audience keytether', 'as most are'],
  ])
}

async function run(name: string, { url, audience, ...options }: Options): Promise<void> {
  const body = { name, url, audiences: [...audience], ...(await settingsOf(options)) }
  const made = await withService(options, client => client.createIssuer({ body }))
  report(options, made, () => issuerLines(made))
}
