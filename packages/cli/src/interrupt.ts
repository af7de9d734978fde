/**
 * Ctrl-C: the first one asks for a clean end, the second one ends the process at once.
 *
 * SIGTERM and SIGHUP mean the same, and so does the loss of the process that started us with an IPC channel: whoever
 * started a token as a part of itself takes it along, even when it is killed.
 */
import { constants } from 'node:os'
import { CliError } from './errors.ts'

const everySignal = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Interruption extends Disposable {
  /** Aborted when the end is asked for. */
  readonly signal: AbortSignal
}

/** @param signals that ask for the end */
export function interruption(signals: readonly (typeof everySignal)[number][] = everySignal): Interruption {
  const controller = new AbortController()
  const onSignal = (name: (typeof everySignal)[number]) => {
    if (controller.signal.aborted) process.exit(128 + constants.signals[name])
    controller.abort()
  }
  const onDisconnect = () => controller.abort()
  for (const name of signals) process.on(name, onSignal)
  process.on('disconnect', onDisconnect)
  // Listening for the disconnect must not by itself keep the process alive.
  process.channel?.unref()
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of signals) process.off(name, onSignal)
      process.off('disconnect', onDisconnect)
    },
  }
}

/** Resolves when the signal is, or has been, aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Work that Ctrl-C ends, and then says so. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using stop = interruption()
  try {
    return await work(stop.signal)
  } catch (error) {
    throw stop.signal.aborted ? new CliError('interrupted', 'interrupted', [], { cause: error }) : error
  }
}
