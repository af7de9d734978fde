/** What is exchanged with a device, for as long as somebody watches. */
import { deviceOperations, type Traced } from '../devices.ts'
import type { Answer, QueryInput } from '../operation.ts'
import { search } from './client.ts'
import { withProgress } from './progress.ts'
import type { Send } from './transport.ts'

type Operation = typeof deviceOperations.traceDevice

export interface TraceDeviceOptions {
  readonly send: Send
  /** Its name, id or path. */
  readonly device: string
  readonly query?: QueryInput<Operation>
  readonly signal?: AbortSignal | undefined
  onTraced(traced: Traced): void
}

/** @throws ApiError, ConnectionLost */
export async function traceDevice(options: TraceDeviceOptions): Promise<Answer<Operation>> {
  const { send, device, query, signal, onTraced } = options
  const { method, path, progress, answer } = deviceOperations.traceDevice
  const traced = await withProgress({
    ...{ send, method, signal, path: `${path.replace('{device}', encodeURIComponent(device))}${search(query)}` },
    onProgress: document => onTraced(progress.parse(document)),
  })
  return answer.parse(traced)
}
