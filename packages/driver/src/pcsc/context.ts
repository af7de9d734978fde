/** A connection to pcscd, and what readers it knows. */
import { status } from './errors.ts'
import { check, pcsc } from './library.ts'

const scopeSystem = 2
/** 16 readers, each a name of up to 128 bytes: what pcsc-lite has room for. */
const maxNamesLength = 16 * 128 + 1

/** Runs something with a context of its own: pcsc-lite lets one call at a time into a context. */
async function withContext<T>(run: (context: number) => Promise<T>): Promise<T> {
  const context = await establishContext()
  try {
    return await run(context)
  } finally {
    await pcsc().releaseContext(context)
  }
}

/** @throws PcscError `LIBRARY_MISSING` or `SERVICE_UNAVAILABLE` */
export async function establishContext(): Promise<number> {
  const context: [number] = [0]
  check('SCardEstablishContext', await pcsc().establishContext(scopeSystem, null, null, context))
  return context[0]
}

/**
 * The names of the readers that are connected, with or without a card.
 *
 * @throws PcscError `LIBRARY_MISSING` or `SERVICE_UNAVAILABLE`
 */
export async function listReaders(): Promise<string[]> {
  return withContext(readerNames)
}

export async function readerNames(context: number): Promise<string[]> {
  const names = Buffer.alloc(maxNamesLength)
  const length: [number] = [names.length]
  const returnCode = await pcsc().listReaders(context, null, names, length)
  if (returnCode === status.noReaders) return []
  check('SCardListReaders', returnCode)
  return names
    .toString('utf8', 0, length[0])
    .split('\0')
    .filter(name => name !== '')
}
