/** `keytether audit list`. */
import type { AuditRecord } from '@keytether/api'
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { dataWords } from '../../service/event-words.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { count, moment } from '../events.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly actor?: string
  readonly operation?: string
  readonly outcome?: string
  readonly request?: string
  readonly since?: string
  readonly until?: string
  readonly limit: number
}

export function list(parent: Command): void {
  const command = parent
    .command('list')
    .description('What was asked of a service and what came of it, and what happened, the latest last')
    .option('--actor <id>', 'By this principal alone')
    .option('--operation <name>', 'This operation alone, as sign, or events of this type, as key.created')
    .option('--outcome <code>', 'With this outcome alone: OK, or the code of an error')
    .option('--request <id>', 'This request alone')
    .option('--since <time>', 'From then on: a time as 2026-01-31T12:00:00Z, or how long ago as 15m, 2h or 7d', moment)
    .option('--until <time>', 'Before then', moment)
    .option('--limit <n>', 'How many at most', count, 50)
  outputOptions(serviceOptions(command), 'Print one line of JSON for each record').action(show)
  examples(command, [
    ['keytether audit list --since 2h --operation sign', 'who signed what, on which device'],
    ['keytether audit list --outcome FORBIDDEN', 'who asked for what he may not'],
  ])
}

async function show({ json, limit, ...options }: Options): Promise<void> {
  const { everyItem } = await import('@keytether/api')
  const { actor, operation, outcome, request, since, until } = options
  await withService(options, async client => {
    const records: AuditRecord[] = []
    const page = (cursor: string | undefined) =>
      client.listAudit({
        query: {
          ...(actor !== undefined && { actor }),
          ...(operation !== undefined && { operation }),
          ...(outcome !== undefined && { outcome }),
          ...(request !== undefined && { request }),
          ...(since !== undefined && { since }),
          ...(until !== undefined && { until }),
          cursor,
          limit: Math.min(limit, 500),
        },
      })
    for await (const record of everyItem(page)) {
      if (records.push(record) >= limit) break
    }
    for (const record of records.reverse()) console.log(json ? JSON.stringify(record) : line(record))
  })
}

function line({ at, request, event }: AuditRecord): string {
  if (event !== undefined) {
    const { type, subject, actor = 'the service', data } = event
    return printable([at, type.padEnd(20), subject, `by ${actor}`, dataWords(data)].join('  ').trimEnd())
  }
  const { operation, asked, name = 'nobody known', credential, address, outcome, uses = [] } = request!
  const used = uses.map(({ name, version, device }) => `${name} ${version} on ${device}`)
  const who = [name, ...(credential === undefined ? [] : [`(${credential})`]), ...(address ? [`from ${address}`] : [])]
  return printable([at, (operation ?? asked).padEnd(20), outcome, `by ${who.join(' ')}`, ...used].join('  '))
}
