/** Which readers and cards come and go. */
import { setTimeout as sleep } from 'node:timers/promises'
import { establishContext, readerNames } from './context.ts'
import { PcscError, status } from './errors.ts'
import { check, pcsc, type ReaderState } from './library.ts'

/** What a reader holds since now: a `mute` card does not give an ATR, a reader that is `gone` was unplugged. */
export type ReaderChange =
  | { readonly reader: string; readonly state: 'card'; readonly atr: Uint8Array }
  | { readonly reader: string; readonly state: 'empty' | 'mute' | 'gone' }

/** In which every change of the set of readers shows. */
const plugAndPlay = '\\\\?PnP?\\Notification'
const stateBit = { unavailable: 0x0008, present: 0x0020, mute: 0x0200 } as const
/** A reader that comes between listing and waiting is not announced: this bounds how long it stays unseen. */
const waitMs = 3_000
/** How long pcscd may be away before we look for it again. */
const retryMs = 1_000
const cancelMs = 20

interface Known {
  /** `dwEventState` with the number of insertions and removals in its upper half. */
  state: number
  change: ReaderChange
}

/**
 * Reports every reader that there is, then every change, until the signal aborts; resolves then. When pcscd goes away,
 * all readers are `gone` until it is back.
 *
 * One call waits for all readers and holds one thread of libuv's pool: share it within a process.
 *
 * @throws PcscError `LIBRARY_MISSING`, or `SERVICE_UNAVAILABLE` if pcscd does not run at the start
 */
export async function watchReaders(
  { signal }: { readonly signal: AbortSignal },
  onChange: (change: ReaderChange) => void,
): Promise<void> {
  const known = new Map<string, Known>()
  let context: number | undefined = await establishContext()
  try {
    while (!signal.aborted) {
      try {
        context ??= await establishContext()
        await step(context, known, signal, onChange)
      } catch (error) {
        if (!(error instanceof PcscError)) throw error
        if (context !== undefined) await pcsc().releaseContext(context)
        context = undefined
        forget([...known.keys()], known, onChange)
        await sleep(retryMs, undefined, { signal }).catch(() => {})
      }
    }
  } finally {
    if (context !== undefined) await pcsc().releaseContext(context)
  }
}

/** Waits for one change, or for as long as we wait. */
async function step(
  context: number,
  known: Map<string, Known>,
  signal: AbortSignal,
  onChange: (change: ReaderChange) => void,
): Promise<void> {
  const names = await readerNames(context)
  const gone = [...known.keys()].filter(name => !names.includes(name))
  forget(gone, known, onChange)
  const states = [...names, plugAndPlay].map(name => readerState(name, known.get(name)?.state ?? 0))
  const returnCode = await cancellable(context, signal, pcsc().getStatusChange(context, waitMs, states, states.length))
  // A reader was unplugged since we listed them: list them again.
  if (returnCode === status.unknownReader || returnCode === status.timeout || returnCode === status.cancelled) return
  check('SCardGetStatusChange', returnCode)
  for (const [index, reader] of names.entries()) report(reader, states[index]!, known, onChange)
}

function report(
  reader: string,
  { dwEventState, cbAtr, rgbAtr }: ReaderState,
  known: Map<string, Known>,
  onChange: (change: ReaderChange) => void,
): void {
  const before = known.get(reader)
  const change = readerChange(reader, dwEventState, rgbAtr.slice(0, cbAtr))
  known.set(reader, { state: dwEventState, change })
  if (before?.change.state === change.state) {
    const swapped = change.state === 'card' && before.state >>> 16 !== dwEventState >>> 16
    if (!swapped) return
    // Out and in again between two looks: what was known of the card no longer holds.
    onChange({ reader, state: 'empty' })
  }
  onChange(change)
}

function readerChange(reader: string, state: number, atr: Uint8Array): ReaderChange {
  if (state & stateBit.unavailable) return { reader, state: 'gone' }
  if (state & stateBit.mute) return { reader, state: 'mute' }
  return state & stateBit.present ? { reader, state: 'card', atr } : { reader, state: 'empty' }
}

function forget(names: string[], known: Map<string, Known>, onChange: (change: ReaderChange) => void): void {
  for (const reader of names) {
    const before = known.get(reader)
    known.delete(reader)
    if (before?.change.state !== 'gone') onChange({ reader, state: 'gone' })
  }
}

function readerState(szReader: string, dwCurrentState: number): ReaderState {
  return { szReader, pvUserData: null, dwCurrentState, dwEventState: 0, cbAtr: 0, rgbAtr: new Uint8Array(33) }
}

/** Cancels the call when the signal aborts; again and again, since one that comes before the call is in is lost. */
async function cancellable(context: number, signal: AbortSignal, call: Promise<number>): Promise<number> {
  let timer: NodeJS.Timeout | undefined
  const cancel = () => {
    void pcsc().cancel(context)
    timer ??= setInterval(() => void pcsc().cancel(context), cancelMs)
  }
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await call
  } finally {
    signal.removeEventListener('abort', cancel)
    clearInterval(timer)
  }
}
