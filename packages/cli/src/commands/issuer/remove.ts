/** `keytether issuer delete`. */
import type { Command } from 'commander'
import { confirm } from '../../confirm.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function remove(parent: Command): void {
  const command = parent
    .command('delete')
    .description('Trust an identity provider no more; who came with its tokens is deleted')
    .argument('<name>', 'Its name or id')
    .option('--yes', 'Do not ask')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether issuer delete company', 'what they did stays in the history']])
}

async function run(name: string, options: ServiceOptions & OutputOptions & { readonly yes?: true }): Promise<void> {
  await withService(options, async (client, signal) => {
    await confirm(options, `Delete ${name}, and everybody who came with its tokens?`, signal)
    await client.deleteIssuer({ params: { issuer: name } })
  })
  report(options, { deleted: name }, () => [`${name} is deleted`])
}
