/** `keytether card devices`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { interruption } from '../../interrupt.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { type ServiceOptions, serviceAccess, serviceOptions } from '../../service/options.ts'

export function devices(card: Command): void {
  const command = card.command('devices').description('The devices that are connected to a service')
  outputOptions(serviceOptions(command)).action(show)
  examples(command, [
    ['keytether card devices --service https://hsm.example.com --token-file token', 'which there are'],
    ['keytether card status --service https://hsm.example.com --token-file token --device DENK0105702', 'one of them'],
  ])
}

async function show(options: ServiceOptions & OutputOptions): Promise<void> {
  const { ServiceClient } = await import('../../service/client.ts')
  using stop = interruption()
  using client = await ServiceClient.open(await serviceAccess(options))
  const found = await client.devices(stop.signal)
  const rows = found.map(({ id, state, keys, reason }) => [printable(id), state, String(keys), printable(reason ?? '')])
  report(options, found, () => table(['DEVICE', 'STATE', 'KEYS', 'NOTE'], rows, 'no device is connected'))
}
