/** Which reader is meant. */
import { CliError } from './errors.ts'

/**
 * The reader of that name; without one, the only reader, or the only one with a card in it.
 *
 * @throws CliError
 */
export async function chooseReader(wanted: string | undefined): Promise<string> {
  const { listReaders } = await import('@keytether/driver')
  const readers = await listReaders()
  const listed = readers.map(name => `there is ${name}`)
  const [first, ...more] = readers
  if (first === undefined) {
    throw new CliError('notFound', 'there is no card reader', [
      'plug one in, or start `keytether emulator --vpcd 127.0.0.1:35963` beside vpcd',
    ])
  }
  if (wanted !== undefined) {
    if (readers.includes(wanted)) return wanted
    throw new CliError('notFound', `there is no reader ${wanted}`, listed)
  }
  if (more.length === 0) return first
  const [only, ...others] = await readersWithCards()
  if (only !== undefined && others.length === 0) return only
  throw new CliError('usage', 'there are several readers: choose one with --reader', listed)
}

async function readersWithCards(): Promise<string[]> {
  const { watchReaders } = await import('@keytether/driver')
  const found: string[] = []
  const stop = new AbortController()
  await watchReaders({ signal: stop.signal }, ({ reader, state }) => {
    if (state === 'card') found.push(reader)
    // All readers are reported at once, and only what comes later is not waited for.
    stop.abort()
  })
  return found
}
