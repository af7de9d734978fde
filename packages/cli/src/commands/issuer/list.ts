/** `keytether issuer list`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function list(parent: Command): void {
  const command = parent.command('list').description('The identity providers of the tenant, by name')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether issuer list', 'which they are']])
}

async function run(options: ServiceOptions & OutputOptions): Promise<void> {
  const { items } = await withService(options, client => client.listIssuers())
  report(options, items, () =>
    table(
      ['NAME', 'URL', 'FOR'],
      items.map(({ name, url, audiences }) => [printable(name), printable(url), printable(audiences.join(', '))]),
    ),
  )
}
