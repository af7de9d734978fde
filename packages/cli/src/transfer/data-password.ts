/** The password of private data in a backup: a file has no log-in. */
import type { Command } from 'commander'
import { givenPin, type Pin, type PinOptions, pinOptions, readPin } from '../pin.ts'

export interface DataPasswordOptions extends PinOptions {
  readonly privateData?: true
}

const password: Pin = { name: 'data-password', label: 'password of the private data', form: 'password' }
const newPassword: Pin = { ...password, isNew: true }

/** @param what the option does */
export function dataPasswordOptions(command: Command, what: string): Command {
  return pinOptions(command.option('--private-data', what), password)
}

/** Undefined unless it is given, or is to be asked for. */
export async function dataPassword(
  options: DataPasswordOptions,
  signal: AbortSignal | undefined,
  isNew = false,
): Promise<string | undefined> {
  const wanted = isNew ? newPassword : password
  const bytes = options.privateData ? await readPin(options, wanted, signal) : await givenPin(options, wanted)
  return bytes && new TextDecoder().decode(bytes)
}
