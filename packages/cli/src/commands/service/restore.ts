/** `keytether service restore`: on the machine of the service, with its files. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { type DatabaseOptions, databaseOf, databaseOptions } from '../../service/database.ts'
import { kindOfCopy, restoreDump } from '../../service/database-copy.ts'

export function restore(parent: Command): void {
  const command = parent
    .command('restore')
    .description('Put a copy in the place of the database of a service that has ended')
    .argument('<copy>', 'What `service backup` or pg_dump --format=custom has made')
  outputOptions(databaseOptions(command)).action(run)
  examples(command, [
    [
      'keytether service restore --config /etc/keytether/service.json /backup/keytether.db',
      'the one before is put aside',
    ],
  ])
}

async function run(copy: string, options: OutputOptions & DatabaseOptions): Promise<void> {
  const { restoreDatabase } = await import('@keytether/hsm')
  const url = await databaseOf(options)
  const kind = await kindOfCopy(copy)
  if (/^postgres/.test(url) && kind === 'PostgreSQL') await restoreDump(copy, url)
  const { aside } = /^postgres/.test(url) && kind === 'PostgreSQL' ? {} : await restoreDatabase(url, copy)
  report(options, { restored: copy, aside }, () => [
    `${copy} is the database now`,
    ...(aside === undefined ? [] : [`the one before is ${aside}`]),
    'start the service with the same master key',
  ])
}
