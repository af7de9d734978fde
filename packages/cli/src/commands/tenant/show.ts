/** `keytether tenant show`: for those who are in a tenant. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { rateWords } from './words.ts'

export function show(tenant: Command): void {
  const command = tenant.command('show').description('Your tenant: what it may have, and what it has')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether tenant show', 'with the limits that root has set']])
}

async function run(options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.getTenant())
  const { id, name, limits, used } = found
  report(options, found, () => [
    ...fields([
      ['Tenant', `${printable(name)} (${id})`],
      ['Bodies', limits.bodyBytes === undefined ? undefined : `${limits.bodyBytes} bytes at most`],
      ['Requests', rateWords(limits).join('\n') || undefined],
    ]),
    '',
    ...table(
      ['WHAT', 'HAS', 'MAY HAVE'],
      Object.entries(used).map(([what, count]) => [
        ...[what, String(count), String(limits[what as keyof typeof used] ?? 'any number')],
      ]),
    ),
  ])
}
