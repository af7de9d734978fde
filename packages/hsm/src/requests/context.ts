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
  /** The id of the key, and what it is called; of one that has no name here, PKCS #15 iD and label. */
  readonly key: string
  readonly keyName: string
  /** 0: of a key that has no name here. */
  readonly version: number
  /** Certified path with dots. */
  readonly device: string
  /** What it had to wait for the device. */
  readonly waitedMs: number
  /** From the first command to the last answer. */
  readonly workedMs: number
}

/** One part of a request that was refused while others were done, as in a batch. */
export interface RefusedPart {
  readonly operation: string
  /** As it was named. */
  readonly key?: string
  /** The code of the error. */
  readonly outcome: string
}

export interface RequestContext {
  /** As in the header X-Request-Id. */
  readonly id: string
  /** In the order in which they ended. */
  readonly uses: KeyUseRecord[]
  /** In the order in which they ended. */
  readonly refused: RefusedPart[]
}

/** One operation on a device, while it is done and after: for figures, logs and traces. */
export interface DeviceOperation {
  /** As `sign EC secp256r1`. */
  readonly kind: string
  /** See `Operation.key`. */
  readonly key: string | undefined
  /** Certified path with dots. */
  readonly device: string
  /** Whom it is for; none: the service does it by itself. */
  readonly request: string | undefined
  /** When it was asked for; when its device began, and when it ended: milliseconds, as `performance.now` has them. */
  readonly askedAt: number
  readonly startedAt: number
  readonly endedAt: number
  /** `refused` the device does not do this · `lost` it was gone before it answered · `failed` anything else */
  readonly outcome: 'done' | 'refused' | 'lost' | 'failed'
}

const storage = new AsyncLocalStorage<RequestContext>()

/** None: the service does it by itself. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore()
}

export function inRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work)
}
