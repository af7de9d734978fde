/** What a session has to get done: its work, in the order in which it came, and the answers to it. */
import type { ChannelError, CommandElement } from '@keytether/card'
import { fitting, type Portion } from './templates.ts'

/** Work for the card that fits into one template, alone or with other work. */
export interface Work extends Portion {
  /** Nothing comes after it, and it goes out alone. */
  readonly last: boolean
  resolve(answers: Uint8Array[]): void
  reject(error: ChannelError): void
}

/** Work that has a caller who waits. */
export function workOf(
  portion: Portion,
  last = false,
): { readonly work: Work; readonly answers: Promise<Uint8Array[]> } {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array[]>()
  return { work: { ...portion, last, resolve, reject }, answers: promise }
}

/** Takes from the queue what goes out in the next template. */
export function takeTogether(queue: Work[]): Work[] {
  const last = queue.findIndex(work => work.last)
  return queue.splice(0, last === 0 ? 1 : fitting(last < 0 ? queue : queue.slice(0, last)))
}

export function elementsOf(works: readonly Work[]): CommandElement[] {
  return works.flatMap(({ elements }) => elements)
}

/** Gives each caller his answers. */
export function answer(works: readonly Work[], answers: readonly Uint8Array[]): void {
  let from = 0
  for (const { elements, resolve } of works) {
    const to = from + elements.filter(({ kind }) => kind !== 'notify').length
    resolve(answers.slice(from, to))
    from = to
  }
}
