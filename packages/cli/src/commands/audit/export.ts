/** `keytether audit export`. */
import type { Client } from '@keytether/api'
import { type Command, InvalidArgumentError } from 'commander'
import { examples } from '../../examples.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { writeStream } from '../../stream-io.ts'

interface Options extends ServiceOptions {
  readonly from?: number
  readonly out?: string
}

/** How many records are asked for at once. */
const atOnce = 5_000

export function exportLog(parent: Command): void {
  const command = parent
    .command('export')
    .description(
      'The records, with a checkpoint that vouches for them: for audit verify, and for whoever has none of this',
    )
    .option(
      '--from <n>',
      'From the record of this number on, where the export before ended; default: from the first one',
      number,
    )
    .option('--out <file>', 'Write it there, whole or not at all; default: standard output')
  serviceOptions(command).action(run)
  examples(command, [
    ['keytether audit export --out log.jsonl', 'all of it'],
    ['keytether audit export --from 120000 --out next.jsonl', 'what came after an export of 120,000 records'],
  ])
}

async function run({ from, out, ...options }: Options): Promise<void> {
  await withService(options, client => writeStream(out, lines(client, from), { text: true }))
}

async function* lines(client: Client, wanted: number | undefined): AsyncGenerator<Uint8Array> {
  const { everyItem } = await import('@keytether/api')
  const { header, from, to } = await client.beginAuditExport({ query: wanted === undefined ? {} : { from: wanted } })
  yield Buffer.from(`${header}\n`)
  if (from === to) return
  const page = (cursor: string | undefined) => client.readAuditLines({ query: { from, to, cursor, limit: atOnce } })
  for await (const line of everyItem(page)) yield Buffer.from(`${line}\n`)
}

function number(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Wanted the number of a record.')
  return Number(text)
}
