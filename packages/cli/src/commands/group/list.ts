/** `keytether group list`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function list(group: Command): void {
  const command = group.command('list').description('The groups')
  outputOptions(serviceOptions(command)).action(show)
}

async function show(options: ServiceOptions & OutputOptions): Promise<void> {
  const groups = await withService(options, async client => {
    const { everyItem } = await import('@keytether/api')
    const all = []
    for await (const each of everyItem(cursor => client.listGroups({ query: { cursor } }))) all.push(each)
    return all
  })
  report(options, groups, () =>
    table(
      ['GROUP', 'KEY DOMAIN', 'TOKENS'],
      groups.map(({ name, keyDomain = '', members }) => [printable(name), keyDomain, printable(members.join(', '))]),
    ),
  )
}
