/** An emulated token in a file. */
import { readFile, stat } from 'node:fs/promises'
import type { Emulator, Latency } from '@keytether/emulator'
import type { Command } from 'commander'
import { CliError } from './errors.ts'

export interface PassphraseOptions {
  readonly passphraseFile?: string
}

export interface StateOptions extends PassphraseOptions {
  /** The token is to be there already; otherwise a new one is made where there is none. */
  readonly mustExist?: boolean
  readonly latency?: Latency | undefined
}

export function passphraseOption(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    "Encrypt an emulated token's state with the passphrase in a file, not with a key kept beside it",
  )
}

/** Closing the emulator lets others use the file. */
export async function openState(file: string, options: StateOptions = {}): Promise<Emulator> {
  const { mustExist = false, latency, passphraseFile } = options
  if (mustExist && !(await exists(file))) {
    throw new CliError('notFound', `there is no emulated token in ${file}`, [
      `\`keytether card initialize --emulator ${file}\` makes one`,
    ])
  }
  const { Emulator, fileStore } = await import('@keytether/emulator')
  const passphrase = passphraseFile && (await readFile(passphraseFile, 'utf8')).split(/\r?\n/, 1)[0]!
  return Emulator.open({ store: fileStore(file, passphrase ? { passphrase } : {}), ...(latency && { latency }) })
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    error => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}
