/** Files of the card: read whole, written whole, several at a time. */
import { DeleteFile, ReadBinary, UpdateBinary } from '@keytether/card'
import { anyTlv, concat, DecodeError, Reader } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { type Call, call, type Link } from './link.ts'
import type { Version } from './types.ts'

export interface FileToRead {
  readonly fid: number
  /** The file is usually short: little is asked for at first, so that more fits into one transmission. */
  readonly short?: boolean
  /** The file is one data object; what follows it is what is left of longer content from before. */
  readonly object?: boolean
}

/** What became of a file to be read. */
export type FileContent =
  | { readonly status: 'ok'; readonly content: Uint8Array }
  | { readonly status: 'notFound' | 'securityNotSatisfied' }
  | { readonly status: 'failed'; readonly error: Error }

/** As far as offsets go. */
const longestFile = 0xffff
/** Far more than the longest file needs: a card that never comes to an end is not read for ever. */
const maximumRounds = 100

/** Reading files side by side: one call for each that is not at its end, as often as it takes. */
export class FileReads {
  readonly #files: { readonly file: FileToRead; content: Uint8Array; result?: FileContent }[]
  readonly #version: Version

  constructor(files: readonly FileToRead[], version: Version) {
    this.#files = files.map(file => ({ file, content: new Uint8Array() }))
    this.#version = version
  }

  /** The next call for each file that is not read to its end; each takes its answer in. */
  calls(link: Link): Call<void>[] {
    return this.#files
      .filter(({ result }) => result === undefined)
      .map(entry => {
        const offset = entry.content.length
        const short = entry.file.short === true && offset === 0
        const le = short ? link.maximumShortAnswer : link.maximumAnswer
        const read = call(ReadBinary, { fid: entry.file.fid }, { offset }, { le, extended: !short })
        return {
          apdu: read.apdu,
          answer: response => {
            try {
              const outcome = read.answer(response)
              const result = this.#take(entry.file, entry.content, outcome, le)
              if (result instanceof Uint8Array) entry.content = result
              else entry.result = result
            } catch (error) {
              entry.result = { status: 'failed', error: error as Error }
            }
          },
        }
      })
  }

  /** The result if that was the end, else what has been read. */
  #take(
    file: FileToRead,
    before: Uint8Array,
    outcome: ReturnType<typeof ReadBinary.decodeResponse>,
    le: number,
  ): FileContent | Uint8Array {
    if (outcome.status === 'wrongOffset' && before.length > 0) return { status: 'ok', content: before }
    if (outcome.status === 'wrongOffset') return { status: 'ok', content: new Uint8Array() }
    if (outcome.status === 'notFound' || outcome.status === 'securityNotSatisfied') return { status: outcome.status }
    if (outcome.data.length > le)
      throw new DriverError('MALFORMED', `${outcome.data.length} bytes read, ${le} were asked for`)
    const content = concat(before, outcome.data)
    const whole = file.object ? firstObject(content) : undefined
    if (whole !== undefined) return { status: 'ok', content: whole }
    // Before 3.4 the warning came with every short answer, and only an empty one was the end.
    const { major, minor } = this.#version
    const ended = outcome.status === 'endOfFile' && (major > 3 || (major === 3 && minor >= 4))
    if (ended || outcome.data.length === 0) return { status: 'ok', content }
    if (content.length > longestFile) throw new DriverError('MALFORMED', `the file goes on beyond ${longestFile} bytes`)
    return content
  }

  results(): FileContent[] {
    return this.#files.map(({ result }) => result ?? { status: 'failed', error: endless() })
  }

  get done(): boolean {
    return this.#files.every(({ result }) => result !== undefined)
  }
}

function endless(): DriverError {
  return new DriverError('MALFORMED', `the file has no end after ${maximumRounds} reads`)
}

/** The bytes of a complete data object at the start; nothing if it is not complete, or none. */
function firstObject(content: Uint8Array): Uint8Array | undefined {
  const reader = new Reader(content, { lengths: 'any' })
  try {
    anyTlv.read(reader)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
  return content.subarray(0, reader.offset)
}

/** Reads all files, in as many rounds as the longest of them takes. */
export async function readFiles(link: Link, version: Version, files: readonly FileToRead[]): Promise<FileContent[]> {
  const reads = new FileReads(files, version)
  await finish(link, reads)
  return reads.results()
}

/** Reads on until every file is at its end. */
export async function finish(link: Link, reads: FileReads): Promise<void> {
  for (let round = 0; round < maximumRounds && !reads.done; round++) await link.run(reads.calls(link))
}

/**
 * The content of a file that must be there.
 *
 * @throws DriverError `FILE_NOT_FOUND`, `NOT_LOGGED_IN`, or what the reading failed with
 */
export function expectContent(file: FileContent, what: string): Uint8Array {
  if (file.status === 'ok') return file.content
  if (file.status === 'failed') throw file.error
  if (file.status === 'notFound') throw new DriverError('FILE_NOT_FOUND', `${what}: there is no such file`)
  throw new DriverError('NOT_LOGGED_IN', `${what}: the user PIN has not been presented; verify it first`)
}

/** Offset and data objects around the data of one update: 54 02 xx xx 53 82 xx xx. */
const updateOverhead = 8

/** Calls that write a file from its start. What the file had beyond that stays: delete it first where that matters. */
export function writeCalls(link: Link, fid: number, content: Uint8Array) {
  const chunk = link.maximumData - updateOverhead
  if (content.length > longestFile) {
    throw new DriverError('FILE_TOO_LARGE', `a file holds at most ${longestFile} bytes, got ${content.length}`)
  }
  const calls = []
  for (let offset = 0; offset === 0 || offset < content.length; offset += chunk) {
    const data = content.subarray(offset, offset + chunk)
    calls.push(call(UpdateBinary, { fid }, { offset, data }))
  }
  return calls
}

export function deleteCall(fid: number) {
  return call(DeleteFile, { garbage: 'collect' }, fid)
}
