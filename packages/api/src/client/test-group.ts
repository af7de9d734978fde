/** Test HSM, told while it is under way. */
import { GroupTest, groupTestOperations } from '../group-test.ts'
import { withProgress } from './progress.ts'
import type { Send } from './transport.ts'

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
  const answer = await withProgress({
    ...{ send, method, signal, path: path.replace('{group}', encodeURIComponent(group)) },
    onProgress: document => onProgress(progress.parse(document)),
  })
  return GroupTest.parse(answer)
}
