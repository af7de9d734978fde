/** Test HSM, told while it is under way. */
import { GroupTest, groupTestOperations } from '../group-test.ts'
import { Problem } from '../values.ts'
import { parsed, refusal, slowMs, textOf } from './client.ts'
import { ApiError } from './errors.ts'
import { isEventStream, messages } from './server-sent.ts'
import { ConnectionLost, type Send } from './transport.ts'

type Progress = ReturnType<(typeof groupTestOperations.testGroup.progress)['parse']>

export interface TestGroupOptions {
  readonly send: Send
  /** Its name or id. */
  readonly group: string
  readonly signal?: AbortSignal | undefined
  /** After each test. */
  onProgress(progress: Progress): void
}

/** @throws ApiError, ConnectionLost */
export async function testGroup({ send, group, signal, onProgress }: TestGroupOptions): Promise<GroupTest> {
  const { method, path, progress } = groupTestOperations.testGroup
  const incoming = await send({
    method,
    path: `/v1${path.replace('{group}', encodeURIComponent(group))}`,
    headers: { Accept: 'text/event-stream' },
    timeoutMs: slowMs,
    signal,
  })
  if (!isEventStream(incoming)) throw refusal(incoming, parsed(await textOf(incoming)))
  for await (const { event, data } of messages(incoming)) {
    const document = data === undefined ? undefined : parsed(data)
    if (event === 'answer') return GroupTest.parse(document)
    if (event === 'problem') {
      const problem = Problem.parse(document)
      throw new ApiError(problem.status, problem)
    }
    if (data !== undefined) onProgress(progress.parse(document))
  }
  throw new ConnectionLost('the connection to the service ended before the test did')
}
