/** When a request is sent again, and after what time. */
import { ApiError } from './errors.ts'
import { ConnectionLost } from './transport.ts'

/** Five requests at most, over ten seconds where the service does not name a time. */
const pausesMs = [200, 800, 3_000, 6_000]
/** Who is told to come back later than that is told so. */
const longestMs = 30_000

/**
 * @param repeatable doing it twice does no harm
 * @throws what the last attempt threw
 */
export async function retried<T>(
  attempt: () => Promise<T>,
  { repeatable, signal }: { readonly repeatable: boolean; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await attempt()
    } catch (error) {
      const ms = waitMs(error, repeatable, pauseMs)
      if (ms === undefined || ms > longestMs || signal?.aborted) throw error
      await pause(ms, signal)
    }
  }
  return attempt()
}

/** Undefined: sending it again is no use, or could do it twice. */
function waitMs(error: unknown, repeatable: boolean, pauseMs: number): number | undefined {
  // So that those who were lost at once do not come back at once.
  const jittered = pauseMs * (0.75 + Math.random() / 2)
  if (error instanceof ConnectionLost) return repeatable ? jittered : undefined
  if (!(error instanceof ApiError)) return undefined
  const { code, status, retryAfterMs } = error
  // Turned away before anything was done.
  if (code === 'TOO_MANY_REQUESTS' || code === 'SHUTTING_DOWN') return Math.max(retryAfterMs ?? 0, jittered)
  if (!repeatable) return undefined
  if (code === 'NO_DEVICE' || code === 'BUSY' || code === 'UNDER_WAY') return Math.max(retryAfterMs ?? 0, jittered)
  // Of a proxy that has lost the service.
  return code === 'NOT_A_SERVICE' && status >= 502 && status <= 504 ? jittered : undefined
}

export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
