/** The key of a share file out of its password: seconds of work, so it is done in a thread of its own. */
import { Worker } from 'node:worker_threads'

/** What the thread is given. */
export interface Derivation {
  readonly password: Uint8Array
  /** 8 bytes. */
  readonly salt: Uint8Array
  readonly rounds: number
}

/** What the thread says: how much is done, from 0 to 1, and in the end the key. */
export type DerivationReport = { readonly done: number } | DerivedKey

export interface DerivedKey {
  /** Of AES-256, 32 bytes. */
  readonly key: Uint8Array
  /** 16 bytes. */
  readonly iv: Uint8Array
}

export interface DerivationOptions {
  /** Told how much is done, from 0 to 1, some hundred times. */
  readonly progress?: ((done: number) => void) | undefined
  /** Ends the thread; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export function deriveKey(
  { password, salt, rounds }: Derivation,
  { progress, signal }: DerivationOptions = {},
): Promise<DerivedKey> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const workerData: Derivation = { password: password.slice(), salt, rounds }
    const worker = new Worker(new URL('./derive-key-worker.ts', import.meta.url), { workerData })
    workerData.password.fill(0)
    const stop = () => worker.terminate()
    signal?.addEventListener('abort', stop)
    worker.on('message', (report: DerivationReport) => {
      if ('key' in report) resolve(report)
      else progress?.(report.done)
    })
    worker.on('error', reject)
    worker.on('exit', () => {
      signal?.removeEventListener('abort', stop)
      reject(signal?.reason ?? new Error('the thread that derives the key has ended without one'))
    })
  })
}
