/** `keytether key list`. */
import type { Key } from '@keytether/api'
import { type Command, Option } from 'commander'
import { CliError } from '../../errors.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { keyType } from './words.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly prefix?: string
  readonly group?: string
  readonly kind?: 'EC' | 'RSA' | 'AES'
  readonly state?: string
  readonly tag?: string
}

export function list(key: Command): void {
  const command = key
    .command('list')
    .description('The keys')
    .option('--prefix <text>', 'Those whose names begin so')
    .option('--group <group>', 'Those of a group')
    .addOption(new Option('--kind <kind>', 'Those of a kind').choices(['EC', 'RSA', 'AES']))
    .option('--state <state>', 'Those in a state, such as active or destroyed')
    .option('--tag <tag>', 'Those with a tag')
  outputOptions(serviceOptions(command)).action(run)
}

async function run({ prefix, group, kind, state, tag, ...options }: Options): Promise<void> {
  const filters = { prefix, group, kind, state: await wantedState(state), tag }
  const keys = await withService(options, async client => {
    const { everyItem } = await import('@keytether/api')
    const all = []
    for await (const each of everyItem(cursor => client.listKeys({ query: { ...filters, cursor } }))) all.push(each)
    return all
  })
  report(options, keys, () =>
    table(
      ['KEY', 'TYPE', 'STATE', 'VERSION', 'GROUP', 'TAGS'],
      keys.map(each => [
        ...[printable(each.name), keyType(each), each.state, String(each.primary ?? '-')],
        ...[printable(each.group), printable(each.tags.join(', '))],
      ]),
    ),
  )
}

async function wantedState(state: string | undefined): Promise<Key['state'] | undefined> {
  const { Key } = await import('@keytether/api')
  const known = Key.shape.state.options
  const found = known.find(one => one === state)
  if (found !== undefined || state === undefined) return found
  throw new CliError('usage', `wanted a state of keys, ${known.join(', ')}; got ${printable(state)}`)
}
