/** `keytether device quarantine`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function quarantine(device: Command): void {
  const command = device.command('quarantine').description('For root: the devices that nobody has claimed')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(options: ServiceOptions & OutputOptions): Promise<void> {
  const { items } = await withService(options, client => client.listQuarantine())
  const rows = items.map(({ path, connected, from, lastSeen }) => [
    printable(path),
    connected ? 'connected' : 'away',
    printable(from ?? ''),
    lastSeen ?? '',
  ])
  report(options, items, () => table(['DEVICE', 'STATE', 'FROM', 'LAST SEEN'], rows, 'no device waits'))
}
