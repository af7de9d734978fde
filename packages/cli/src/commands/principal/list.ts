/** `keytether principal list`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { allItems } from '../../service/all-items.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function list(parent: Command): void {
  const command = parent.command('list').description('The principals of the tenant, by name')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether principal list', 'who they are, and what they may']])
}

async function run(options: ServiceOptions & OutputOptions): Promise<void> {
  const items = await withService(options, client => allItems(cursor => client.listPrincipals({ query: { cursor } })))
  report(options, items, () =>
    table(
      ['NAME', 'ROLES', 'TAGS', 'STATE'],
      items.map(({ name, roles, tags, disabledAt }) => [
        printable(name),
        roles.join(', '),
        tags.join(', '),
        disabledAt === undefined ? '' : 'disabled',
      ]),
    ),
  )
}
