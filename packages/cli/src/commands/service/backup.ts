/** `keytether service backup`: on the machine of the service, with its files. */
import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { type DatabaseOptions, databaseOf, databaseOptions } from '../../service/database.ts'

type Options = OutputOptions & DatabaseOptions

export function backup(parent: Command): void {
  const command = parent
    .command('backup')
    .description('Copy the SQLite database of a service, which may be running')
    .argument('<file>', 'Where to; replaced when the copy has been read through')
  outputOptions(databaseOptions(command)).action(run)
  examples(command, [
    ['keytether service backup --config /etc/keytether/service.json /backup/keytether.db', 'as its user'],
  ])
}

async function run(file: string, options: Options): Promise<void> {
  const { backupDatabase } = await import('@keytether/hsm')
  const url = await databaseOf(options)
  if (/^postgres/.test(url)) {
    throw new CliError('usage', 'the data is in PostgreSQL, which makes its own copies', ['pg_dump does that'])
  }
  await backupDatabase(url, file)
  const { size } = await stat(file)
  report(options, { file, bytes: size }, () => [
    `${file} has all of it, ${size} bytes; without the master key, its secrets stay sealed`,
  ])
}
