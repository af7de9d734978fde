/** An emulated token in a file, which one process uses at a time. */
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Emulator, Latency } from '@keytether/emulator'
import { CliError } from './errors.ts'
import { lock } from './lock.ts'

export interface StateOptions {
  /** The token's state is to be there already; otherwise a new token is made where there is none. */
  readonly mustExist?: boolean
  readonly latency?: Latency
}

export interface OpenState extends AsyncDisposable {
  readonly emulator: Emulator
}

export async function openState(file: string, { mustExist = false, latency }: StateOptions = {}): Promise<OpenState> {
  if (mustExist && !(await exists(file))) {
    throw new CliError('notFound', `there is no emulated token in ${file}`, [
      `\`keytether card initialize --emulator ${file}\` makes one`,
    ])
  }
  const { Emulator, fileStore } = await import('@keytether/emulator')
  throw new Error('soon')
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    error => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}
