/** `keytether data-keys`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

type Options = ServiceOptions & OutputOptions & { readonly of?: string }

export function dataKeys(program: Command): void {
  const command = program
    .command('data-keys')
    .description('What still hangs on each version of a key, as far as the service has seen it')
    .argument('<key>', 'Name or id of the key')
    .option('--of <version>', 'List the data keys of this version')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [
    ['keytether data-keys files', 'how many, of each version'],
    ['keytether data-keys files --of 1', 'which'],
  ])
}

async function run(key: string, options: Options): Promise<void> {
  const { of: version } = options
  await withService(options, async client => {
    if (version === undefined) {
      const { items } = await client.reportDataKeys({ params: { key } })
      const rows = items.map(one => [
        String(one.version),
        one.state,
        String(one.dataKeys),
        one.oldest ?? '',
        one.lastUsed ?? '',
      ])
      return report(options, { items }, () => table(['VERSION', 'STATE', 'DATA KEYS', 'OLDEST', 'LAST USED'], rows))
    }
    const { everyItem } = await import('@keytether/api')
    const items = []
    const page = (cursor: string | undefined) =>
      client.listDataKeys({ params: { key, version }, query: { limit: 500, ...(cursor !== undefined && { cursor }) } })
    for await (const item of everyItem(page)) items.push(item)
    const rows = items.map(one => [one.id, one.createdAt, one.lastUsedAt, printable(one.reference ?? '')])
    report(options, { items }, () => table(['DATA KEY', 'MADE', 'LAST USED', 'REFERENCE'], rows))
  })
}
