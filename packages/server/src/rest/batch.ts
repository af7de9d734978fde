/** Many uses of keys in one request. They run beside each other, spread over the members of their groups like all others. */
import type { BatchItem, cryptographyOperations } from '@keytether/api'
import { currentRequest } from '@keytether/hsm'
import { problemOf } from '../answers.ts'
import { singleHandlers } from './cryptography.ts'
import type { Domain, Handler } from './handler.ts'

type Batch = typeof cryptographyOperations.batch
type Asked = Parameters<Handler<Batch>>[1]
type Answer = Awaited<ReturnType<Handler<Batch>>>['items'][number]

/** Of one request at once: others are to have their turn, too. */
const atOnce = 16

export async function batch(hsm: Domain, asked: Asked): Promise<{ items: Answer[] }> {
  const { items } = asked.body
  const answers = new Array<Answer>(items.length)
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) answers[at] = await answerOf(hsm, asked, items[at]!)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return { items: answers }
}

async function answerOf(hsm: Domain, asked: Asked, item: BatchItem): Promise<Answer> {
  const { reference, operation, input } = item
  const echoed = reference === undefined ? {} : { reference }
  const handler = singleHandlers[operation] as unknown as Handler<Batch>
  const params = 'key' in item ? { key: item.key } : {}
  try {
    const answer = await handler(hsm, { ...asked, params, body: input } as unknown as Asked)
    return { ...echoed, answer: answer as unknown as Record<string, unknown> }
  } catch (error) {
    const problem = problemOf(error)
    // A defect of ours is the whole request's, so that it is logged and answered as one.
    if (problem === undefined) throw error
    currentRequest()?.refused.push({ operation, ...params, outcome: problem.code })
    return { ...echoed, problem }
  }
}
