/** The database of a service, for commands that work on its files. */
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { readSettings } from '../commands/serve.ts'

export interface DatabaseOptions {
  readonly config?: string
  readonly database?: string
}

export function databaseOptions(command: Command): Command {
  return command
    .option('--config <file>', 'The settings of the service, which say where its database is')
    .option('--database <url>', 'Or this database; default: keytether.db beside the settings, or here')
}

/** Its URL. */
export async function databaseOf({ config, database: given }: DatabaseOptions): Promise<string> {
  if (given !== undefined) return given
  const { database = 'sqlite:keytether.db' } = config === undefined ? {} : await readSettings(config)
  const folder = config === undefined ? '.' : dirname(config)
  return String(database).replace(/^sqlite:(.+)$/, (_, name: string) => `sqlite:${resolve(folder, name)}`)
}
