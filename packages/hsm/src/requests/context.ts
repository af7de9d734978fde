/**
 * The request that work is done for: known wherever the work runs, also when it has waited for a device meanwhile.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** One use of a key on a device, for whoever records the request. */
export interface KeyUseRecord {
  /** As `sign`. */
  readonly verb: string
  /** The id of the key, and what it is called. */
  readonly key: string
  readonly keyName: string
  readonly version: number
  /** Certified path with dots. */
  readonly device: string
  /** What it had to wait for the device. */
  readonly waitedMs: number
  /** From the first command to the last answer. */
  readonly workedMs: number
}

export interface RequestContext {
  /** As in the header X-Request-Id. */
  readonly id: string
  /** In the order in which they ended. */
  readonly uses: KeyUseRecord[]
}

const storage = new AsyncLocalStorage<RequestContext>()

/** None: the service does it by itself. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore()
}

export function inRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work)
}
