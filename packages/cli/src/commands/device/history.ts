/** `keytether device history`. */
import { type Command, InvalidArgumentError } from 'commander'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly last: number
}

export function history(device: Command): void {
  const command = device
    .command('history')
    .description('What happened to one, the latest first')
    .argument('<device>', 'Its name')
    .option('--last <count>', 'How many events, 1 to 500', count, 50)
  outputOptions(serviceOptions(command)).action(run)
}

async function run(device: string, options: Options): Promise<void> {
  const { items } = await withService(options, client =>
    client.deviceHistory({ params: { device }, query: { limit: options.last } }),
  )
  const rows = items.map(({ at, type, actor, data }) => [
    at,
    type,
    actor ?? '',
    printable(Object.keys(data).length === 0 ? '' : JSON.stringify(data)),
  ])
  report(options, items, () => table(['TIME', 'EVENT', 'BY', 'WHAT'], rows))
}

function count(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 500) return value
  throw new InvalidArgumentError('Wanted 1 to 500.')
}
