/** `keytether audit settings` and `keytether audit change`. */
import type { Answer, auditOperations } from '@keytether/api'
import { type Command, Option } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

type Settings = Answer<(typeof auditOperations)['getAuditSettings']>

interface ChangeOptions extends ServiceOptions, OutputOptions {
  readonly checkpointKey?: string
  readonly serviceAlone?: true
  readonly keepDays?: number
  readonly keepForEver?: true
}

export function settings(parent: Command): void {
  const command = parent
    .command('settings')
    .description('Which key signs checkpoints of the log beside the service, and for how long records are kept')
  outputOptions(serviceOptions(command)).action(show)
  examples(command, [['keytether audit settings', 'how many records there have been, and which are kept']])
}

export function change(parent: Command): void {
  const command = parent
    .command('change')
    .description('Change which key signs checkpoints of the log, and for how long records are kept')
    .addOption(
      new Option('--checkpoint-key <name>', 'A key of the curve secp256r1: it signs, too').conflicts('serviceAlone'),
    )
    .option('--service-alone', 'The service signs with its own key alone')
    .addOption(
      new Option('--keep-days <number>', 'What is older is deleted').argParser(wholeDays).conflicts('keepForEver'),
    )
    .option('--keep-for-ever', 'Nothing is deleted')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [
    [
      'keytether audit change --checkpoint-key log',
      'from now on no copy of the database is enough to forge a checkpoint',
    ],
    ['keytether audit change --keep-days 3650', 'for ten years; export them before'],
  ])
}

async function show(options: ServiceOptions & OutputOptions): Promise<void> {
  const shown = await withService(options, client => client.getAuditSettings())
  report(options, shown, () => settingsFields(shown))
}

async function run({ checkpointKey, serviceAlone, keepDays, keepForEver, ...options }: ChangeOptions): Promise<void> {
  const body = {
    ...(checkpointKey !== undefined && { checkpointKey }),
    ...(serviceAlone && { checkpointKey: null }),
    ...(keepDays !== undefined && { retentionDays: keepDays }),
    ...(keepForEver && { retentionDays: null }),
  }
  if (Object.keys(body).length === 0) {
    const hint = 'add --checkpoint-key, --service-alone, --keep-days or --keep-for-ever'
    throw new CliError('usage', 'what is to change?', [hint])
  }
  const changed = await withService(options, client => client.changeAuditSettings({ body }))
  report(options, changed, () => settingsFields(changed))
}

function settingsFields({ checkpointKey, retentionDays, size, first }: Settings): string[] {
  return fields([
    ['Signed by', checkpointKey === undefined ? 'the service' : `the service and the key ${checkpointKey}`],
    ['Kept for', retentionDays === undefined ? 'ever' : `${retentionDays} days`],
    ['Records', size === 0 ? 'none yet' : `${size}, kept from number ${first} on`],
  ])
}

function wholeDays(text: string): number {
  const days = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : Number.NaN
  if (days <= 36_500) return days
  throw new CliError('usage', `--keep-days: wanted a number from 1 to 36500, got ${text}`)
}
