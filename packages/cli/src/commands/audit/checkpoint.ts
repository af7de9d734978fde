/** `keytether audit checkpoint`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { writeStream } from '../../stream-io.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly keys?: true
  readonly out?: string
}

export function checkpoint(parent: Command): void {
  const command = parent
    .command('checkpoint')
    .description('How many records the log has and what they are, signed: a short text, to be kept elsewhere')
    .option('--keys', 'In its place, the keys that it is verified with, each in a line')
    .option('--out <file>', 'Write it there; default: standard output')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [
    ['keytether audit checkpoint --out march.txt', 'whoever has it notices when the log is not what it was'],
    ['keytether audit checkpoint --keys --out keys.txt', 'once, when the service is set up'],
  ])
}

async function run({ keys: wantsKeys, out, json, ...options }: Options): Promise<void> {
  const signed = await withService(options, client => client.getAuditCheckpoint())
  const text = json
    ? `${JSON.stringify(signed, undefined, 2)}\n`
    : wantsKeys
      ? signed.keys.map(key => `${key}\n`).join('')
      : signed.checkpoint
  await writeStream(out, [Buffer.from(text)], { text: true })
}
