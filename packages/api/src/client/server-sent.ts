/** @see HTML, 9.2.6 */
import type { Incoming } from './transport.ts'

interface Message {
  /** Absent: it is a usual one. */
  readonly event?: string
  readonly id?: string
  readonly data?: string
}

/** What comes in a body of the type `text/event-stream`. */
export async function* messages({ body }: Incoming): AsyncGenerator<Message> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map(line => splitAt(line, line.indexOf(':'))))
      const [event, id, data] = [fields.get('event'), fields.get('id'), fields.get('data')]
      yield {
        ...(event !== undefined && { event }),
        ...(id !== undefined && { id }),
        ...(data !== undefined && { data }),
      }
    }
  }
}

export function isEventStream(incoming: Incoming): boolean {
  return incoming.status === 200 && incoming.header('content-type')?.startsWith('text/event-stream') === true
}

function splitAt(line: string, colon: number): [string, string] {
  return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).replace(/^ /, '')]
}
