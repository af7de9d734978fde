/** `keytether group unmanaged`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function unmanaged(group: Command): void {
  const command = group
    .command('unmanaged')
    .description('Keys on the tokens of a group that were not made through the service')
    .argument('<group>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(name: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const { items } = await withService(options, client => client.listUnmanagedKeys({ params: { group: name } }))
  report(options, items, () =>
    table(
      ['ID', 'LABEL', 'TYPE', 'ON', 'ADOPTED'],
      items.map(({ id, label, kind, bits, curve, devices, single, obstacle }) => [
        ...[id, printable(label), `${kind} ${curve ?? bits}`, printable(devices.join(', '))],
        printable(obstacle ? `not: ${obstacle}` : single ? `stays: ${single}` : 'gets on every token'),
      ]),
    ),
  )
}
