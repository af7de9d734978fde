/** `keytether service restore-drill`: away from the service, on a copy of a copy. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DrillStep } from '@keytether/hsm'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { interruptible } from '../../interrupt.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { kindOfCopy, restoreDump } from '../../service/database-copy.ts'
import { type MasterKeyOptions, masterKeyOptions, readMasterKey } from '../../service/master-key.ts'

type Options = OutputOptions & MasterKeyOptions & { readonly scratch?: string; readonly masterKey: boolean }

export function restoreDrill(parent: Command): void {
  const command = parent
    .command('restore-drill')
    .description('Prove that a service can live on with a copy of its database, which is left as it is')
    .argument('<copy>', 'What `service backup` or pg_dump --format=custom has made')
    .option('--scratch <url>', 'Of pg_dump: an empty PostgreSQL database, which has the copy in it afterwards')
    .option('--no-master-key', 'Look at all but the secrets')
  outputOptions(masterKeyOptions(command, 'passphrase')).action(run)
  examples(command, [
    ['keytether service restore-drill keytether-backup.db --key-file master.key', 'exit code 0: all of it is in order'],
    [
      'keytether service restore-drill keytether.dump --key-file master.key --scratch postgres://localhost/drill',
      'of PostgreSQL',
    ],
  ])
}

async function run(copy: string, options: Options): Promise<void> {
  const kind = await kindOfCopy(copy)
  const steps = await interruptible(async signal => {
    const master = options.masterKey ? await readMasterKey(options, 'passphrase', false, signal) : undefined
    return kind === 'SQLite' ? drillInFolder(copy, master) : drillInDatabase(copy, options.scratch, master)
  })
  const outcome = worst(steps)
  report(options, { copy, outcome, steps }, () => steps.flatMap(lines))
  if (outcome === 'failed') throw new CliError('failed', `a service cannot live on with ${copy} as it is`)
  if (outcome !== 'ok') throw new CliError('incomplete', `not all of ${copy} is proven`)
}

type Given = Awaited<ReturnType<typeof readMasterKey>> | undefined

async function drillInFolder(copy: string, master: Given): Promise<DrillStep[]> {
  const { backupDatabase } = await import('@keytether/hsm')
  const folder = await mkdtemp(join(tmpdir(), 'keytether-drill-'))
  try {
    const scratch = join(folder, 'keytether.db')
    await backupDatabase(`sqlite:${copy}`, scratch)
    return await drill(`sqlite:${scratch}`, master)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function drillInDatabase(copy: string, scratch: string | undefined, master: Given): Promise<DrillStep[]> {
  if (scratch === undefined || !/^postgres(ql)?:/.test(scratch)) {
    throw new CliError('usage', 'a copy by pg_dump needs a database to be restored to', [
      'make an empty one with createdb, and name it with --scratch postgres://USER@HOST/DATABASE',
    ])
  }
  await restoreDump(copy, scratch)
  return drill(scratch, master)
}

async function drill(url: string, master: Given): Promise<DrillStep[]> {
  const { restoreDrill } = await import('@keytether/hsm')
  const { fromHex } = await import('@keytether/codec')
  const key = master && ('key' in master ? { key: fromHex(master.key) } : master)
  const steps: DrillStep[] = []
  for await (const step of restoreDrill(url, key)) steps.push(step)
  return steps
}

function worst(steps: readonly DrillStep[]): DrillStep['outcome'] {
  const order = ['failed', 'incomplete', 'skipped'] as const
  return order.find(outcome => steps.some(step => step.outcome === outcome)) ?? 'ok'
}

function lines({ step, outcome, words, details = [] }: DrillStep): string[] {
  return [
    `${outcome.padEnd(10)}  ${step.padEnd(11)}  ${printable(words)}`,
    ...details.map(detail => `${' '.repeat(25)}${printable(detail)}`),
  ]
}
