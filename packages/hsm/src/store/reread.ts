/** What is kept in memory, read again when it is not known whether a change of it was committed. */
import { setTimeout } from 'node:timers/promises'
import type { Store } from './store.ts'

const pauseMs = 1_000

/** @param reread again and again until it does not throw */
export function rereading({ events }: Pick<Store, 'events'>, reread: () => Promise<void>): Disposable {
  const closing = new AbortController()
  let running = false
  let again = false
  async function run(): Promise<void> {
    running = true
    while (again && !closing.signal.aborted) {
      again = false
      await reread().catch(() => {
        again = true
      })
      if (again) await setTimeout(pauseMs, undefined, { ref: false, signal: closing.signal }).catch(() => {})
    }
    running = false
  }
  const onDoubt = () => {
    again = true
    if (!running) void run()
  }
  events.on('doubt', onDoubt)
  return {
    [Symbol.dispose]() {
      closing.abort()
      events.off('doubt', onDoubt)
    },
  }
}
