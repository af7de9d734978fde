/** `keytether events`. */
import type { Event } from '@keytether/api'
import { type Command, InvalidArgumentError } from 'commander'
import { examples } from '../examples.ts'
import { type OutputOptions, outputOptions, printable } from '../output.ts'
import { withService } from '../service/connection.ts'
import { dataWords } from '../service/event-words.ts'
import { type ServiceOptions, serviceOptions } from '../service/options.ts'

interface EventsOptions extends ServiceOptions, OutputOptions {
  readonly follow?: true
  readonly since?: string
  readonly type?: string[]
  readonly subject?: string
  readonly limit: number
}

export function events(program: Command): void {
  const command = program
    .command('events')
    .description('What happened at a service, the latest last; and what happens')
    .option('--follow', 'Go on with what happens, until Ctrl-C')
    .option('--since <time>', 'From then on: a time as 2026-01-31T12:00:00Z, or how long ago as 15m, 2h or 7d', moment)
    .option('--type <types...>', 'Of these types alone: key.created, or key for all that happens to keys')
    .option('--subject <id>', 'What happened to this alone')
    .option('--limit <n>', 'How many of those that were, at most', count, 50)
  outputOptions(serviceOptions(command), 'Print one line of JSON for each event').action(show)
  examples(command, [
    ['keytether events --since 2h --type key', 'what happened to keys in the last two hours'],
    ['keytether events --follow --json', 'all that happens, for a program'],
  ])
}

async function show({ follow, since, type, subject, limit, json, ...options }: EventsOptions): Promise<void> {
  const { everyItem, followEvents } = await import('@keytether/api')
  const print = (event: Event) => console.log(json ? JSON.stringify(event) : line(event))
  const filter = { ...(type && { type }), ...(subject !== undefined && { subject }), ...(since && { since }) }
  await withService(options, async (client, signal, send) => {
    const past: Event[] = []
    if (!follow || since !== undefined) {
      const page = (cursor: string | undefined) =>
        client.listEvents({ query: { ...filter, cursor, limit: Math.min(limit, 500) } })
      for await (const event of everyItem(page)) {
        if (past.push(event) >= limit) break
      }
    }
    for (const event of past.reverse()) print(event)
    if (!follow) return
    const after = past.at(-1)?.id
    const query = after === undefined ? filter : { ...filter, since: undefined }
    for await (const event of followEvents({ send, query, signal, ...(after !== undefined && { after }) })) print(event)
  })
}

function line({ at, type, subject, actor, actorName = actor, data }: Event): string {
  const by = actorName === undefined ? [] : [`by ${actorName}`]
  const words = [at, type.padEnd(20), subject.padEnd(24), ...by, dataWords(data)]
  return printable(words.join('  '))
}

const unitsMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export function moment(text: string): string {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const time = number === undefined ? Date.parse(text) : Date.now() - Number(number) * unitsMs[unit!]!
  if (Number.isNaN(time)) throw new InvalidArgumentError('Wanted a time as 2026-01-31T12:00:00Z, or 15m, 2h, 7d.')
  return new Date(time).toISOString()
}

export function count(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (number < 1) throw new InvalidArgumentError('Wanted a number from 1 on.')
  return number
}
