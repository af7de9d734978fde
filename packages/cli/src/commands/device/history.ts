/** `keytether device history`. */
import { type Command, InvalidArgumentError } from 'commander'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { dataWords } from '../../service/event-words.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly limit: number
}

export function history(device: Command): void {
  const command = device
    .command('history')
    .description('What happened to one, the latest first')
    .argument('<device>', 'Its name')
    .option('--limit <n>', 'How many events, 1 to 500', count, 50)
  outputOptions(serviceOptions(command)).action(run)
}

async function run(device: string, options: Options): Promise<void> {
  const { items } = await withService(options, client =>
    client.deviceHistory({ params: { device }, query: { limit: options.limit } }),
  )
  const rows = items.map(({ at, type, actor = '', actorName = actor, data }) => [
    at,
    type,
    printable(actorName),
    printable(dataWords(data)),
  ])
  report(options, items, () => table(['TIME', 'EVENT', 'BY', 'WHAT'], rows))
}

function count(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 500) return value
  throw new InvalidArgumentError('Wanted 1 to 500.')
}
