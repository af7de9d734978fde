/** The emulated token as a process of its own, started again whenever it ends before it should. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface TokenProcessOptions {
  /** Arguments of `keytether`. */
  readonly args: readonly string[]
  /** A file descriptor, for all that the process prints. */
  readonly log: number
  /** The process ended by itself and is started again. */
  readonly onRestart: (reason: string, delayMs: number) => void
}

const minDelayMs = 500
const maxDelayMs = 30_000
/** Who lived this long did not fail at once. */
const healthyMs = 60_000
const endMs = 5_000

export function startTokenProcess(options: TokenProcessOptions): AsyncDisposable {
  const stop = new AbortController()
  const running = keepRunning(options, stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

async function keepRunning(options: TokenProcessOptions, signal: AbortSignal): Promise<void> {
  let delayMs = minDelayMs
  while (!signal.aborted) {
    const started = performance.now()
    const reason = await runOnce(options, signal)
    if (signal.aborted) return
    if (performance.now() - started > healthyMs) delayMs = minDelayMs
    options.onRestart(reason, delayMs)
    await sleep(delayMs, undefined, { signal }).catch(() => {})
    delayMs = Math.min(2 * delayMs, maxDelayMs)
  }
}

/** @returns how the process ended */
async function runOnce({ args, log }: TokenProcessOptions, signal: AbortSignal): Promise<string> {
  // Apart from the terminal's group of processes: Ctrl-C is ours, and we end the token in order. If we are killed, the
  // end of the IPC channel ends it.
  const child = fork(new URL('../main.ts', import.meta.url), [...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  let killer: NodeJS.Timeout | undefined
  const end = () => {
    child.kill('SIGTERM')
    killer = setTimeout(() => child.kill('SIGKILL'), endMs)
  }
  signal.addEventListener('abort', end)
  try {
    const [code, name] = (await once(child, 'close')) as [number | null, string | null]
    return name ? `ended by ${name}` : `exit code ${code}`
  } catch (error) {
    return (error as Error).message
  } finally {
    clearTimeout(killer)
    signal.removeEventListener('abort', end)
  }
}
