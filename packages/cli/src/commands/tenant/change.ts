/** `keytether tenant change`: what a tenant may have, and may ask for at a time. */
import type { BodyInput, Operations } from '@keytether/api'
import { type Command, InvalidArgumentError } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { limitWords } from './words.ts'

type Change = BodyInput<Operations['changeTenant']>['limits']
/** By what is limited; null: no limit any more. */
type Given = Readonly<Record<string, number | null>>

interface Options extends ServiceOptions, OutputOptions {
  readonly limit?: Given
  readonly rate?: Given
  readonly atOnce?: Given
}

const limited = {
  devices: 'devices',
  groups: 'groups',
  keys: 'keys',
  principals: 'principals',
  'body-bytes': 'bodyBytes',
}
const rateClasses = ['read', 'write', 'use', 'slow'] as const

export function change(tenant: Command): void {
  const command = tenant
    .command('change')
    .description('Limit what a tenant may have, and may ask for at a time. What it has, it keeps')
    .argument('<name>', 'Its name or id')
    .option(
      '--limit <what=n...>',
      `How many of ${Object.keys(limited).join(', ')} (of one request), or none for no limit`,
      collected(Object.keys(limited)),
    )
    .option('--rate <class=n...>', `How many requests a second of ${rateClasses.join(', ')}`, collected(rateClasses))
    .option('--at-once <class=n...>', 'How many of them may be under way', collected(rateClasses))
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [
    ['keytether tenant change office --limit devices=4 keys=100', 'as root'],
    ['keytether tenant change office --rate use=50 --at-once use=20 slow=1', 'so that it leaves room for others'],
    ['keytether tenant change office --limit keys=none', 'as many as fit on its tokens'],
  ])
}

async function run(name: string, { limit, rate, atOnce, ...options }: Options): Promise<void> {
  if (limit === undefined && rate === undefined && atOnce === undefined)
    throw new CliError('usage', 'nothing is to be changed', ['add --limit, --rate or --at-once'])
  const rates = rateClasses.flatMap(one => {
    const [perSecond, most] = [rate?.[one], atOnce?.[one]]
    const change = { ...(perSecond !== undefined && { perSecond }), ...(most !== undefined && { atOnce: most }) }
    return Object.keys(change).length === 0 ? [] : [[one, change] as const]
  })
  const numbers = Object.entries(limit ?? {}).map(([what, most]) => [limited[what as keyof typeof limited], most])
  const limits: Change = {
    ...Object.fromEntries(numbers),
    ...(rates.length > 0 && { rates: Object.fromEntries(rates) }),
  }
  const found = await withService(options, client =>
    client.changeTenant({ params: { tenant: name }, body: { limits } }),
  )
  report(options, found, () =>
    fields([
      ['Tenant', printable(found.name)],
      ['Limits', limitWords(found.limits).join('\n')],
    ]),
  )
}

function collected(names: readonly string[]): (text: string, before?: Given) => Given {
  return (text, before = {}) => {
    const [, name = '', number = ''] = /^([a-z-]+)=(\d{1,10}|none)$/.exec(text) ?? []
    if (!names.includes(name)) throw new InvalidArgumentError(`Wanted one of ${names.join(', ')}, as ${names[0]}=10.`)
    return { ...before, [name]: number === 'none' ? null : Number(number) }
  }
}
