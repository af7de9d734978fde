/** `keytether device list`. */
import type { Device } from '@keytether/api'
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function list(device: Command): void {
  const command = device.command('list').description('All of them, by name')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(options: ServiceOptions & OutputOptions): Promise<void> {
  const { everyItem } = await import('@keytether/api')
  const found: Device[] = []
  await withService(options, async client => {
    for await (const one of everyItem(cursor => client.listDevices({ query: cursor === undefined ? {} : { cursor } })))
      found.push(one)
  })
  const rows = found.map(({ name, state, group = '', facts, reason, advice, warnings }) => [
    printable(name),
    state,
    printable(group),
    facts ? String(facts.keys.length) : '',
    printable([reason, advice, ...warnings].filter(Boolean).join('; ')),
  ])
  report(options, found, () => table(['NAME', 'STATE', 'GROUP', 'KEYS', 'NOTE'], rows, 'no device is claimed'))
}
