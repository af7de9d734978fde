/** `keytether key rename`, `tag` and `rotate-after`. */
import { type Command, InvalidArgumentError } from 'commander'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { whole } from './options.ts'

type Options = ServiceOptions & OutputOptions

export function rename(key: Command): void {
  const command = key
    .command('rename')
    .description('Give it another name; on tokens it keeps its label')
    .argument('<key>', 'Its name or id')
    .argument('<name>', 'What it is called from now on')
  outputOptions(serviceOptions(command)).action((key: string, name: string, options: Options) =>
    update(key, { name }, options),
  )
}

export function tag(key: Command): void {
  const command = key
    .command('tag')
    .description('Set its tags: only operators with one of them use it; without any, all operators do')
    .argument('<key>', 'Its name or id')
    .argument('[tags...]', 'All that it is to have')
  outputOptions(serviceOptions(command)).action((key: string, tags: string[], options: Options) =>
    update(key, { tags }, options),
  )
}

export function rotateAfter(key: Command): void {
  const command = key
    .command('rotate-after')
    .description('Have the service make the next version by itself, again and again')
    .argument('<key>', 'Its name or id')
    .argument('<days>', 'How old the primary version gets, or `never`', days)
  outputOptions(serviceOptions(command)).action((key: string, rotateAfterDays: number | null, options: Options) =>
    update(key, { rotateAfterDays }, options),
  )
}

function days(text: string): number | null {
  if (text === 'never') return null
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Wanted a number of days, or never.')
  return whole(1, 3_650)(text)
}

interface Update {
  readonly name?: string
  readonly tags?: string[]
  readonly rotateAfterDays?: number | null
}

async function update(key: string, body: Update, options: Options): Promise<void> {
  const changed = await withService(options, client => client.updateKey({ params: { key }, body }))
  const { name, tags, rotateAfterDays } = changed
  const rotation = rotateAfterDays === undefined ? 'not rotated by itself' : `rotated every ${rotateAfterDays} days`
  report(options, changed, () => [
    `${printable(name)}: ${tags.length === 0 ? 'no tags' : `tags ${printable(tags.join(', '))}`}, ${rotation}`,
  ])
}
