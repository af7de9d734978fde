/** Keeps the cards in this machine's readers connected, whichever come and go. */
import { openPcsc, type ReaderChange, watchReaders } from '@keytether/driver'
import { type AgentEvent, type AgentOptions, runAgent } from './agent.ts'

export type ReaderEvent =
  | ({ readonly reader: string } & AgentEvent)
  | { readonly event: 'card'; readonly reader: string; readonly state: ReaderChange['state'] }

export interface ReadersOptions extends Omit<AgentOptions, 'open' | 'onEvent'> {
  /** Only the card in readers whose names start like this. */
  readonly reader?: string
  onEvent?(event: ReaderEvent): void
}

/**
 * Runs an agent for every card, from its insertion to its removal. Resolves when the signal aborts.
 *
 * @throws PcscError `LIBRARY_MISSING`, or `SERVICE_UNAVAILABLE` if pcscd does not run at the start
 */
export async function runReaders({ reader: wanted = '', onEvent, ...options }: ReadersOptions): Promise<void> {
  const running = new Map<string, AbortController>()
  const agents = new Set<Promise<void>>()
  const end = new AbortController()
  const signal = AbortSignal.any([options.signal, end.signal])
  const start = (reader: string) => {
    const removed = new AbortController()
    running.set(reader, removed)
    const agent = runAgent({
      ...options,
      signal: AbortSignal.any([signal, removed.signal]),
      open: () => openPcsc(reader),
      onEvent: event => onEvent?.({ reader, ...event }),
    })
    agents.add(agent)
    // A defect in one agent ends them all, rather than leaving one card out unnoticed.
    agent.then(
      () => agents.delete(agent),
      () => end.abort(),
    )
  }
  const change = ({ reader, state }: ReaderChange) => {
    if (!reader.startsWith(wanted)) return
    onEvent?.({ event: 'card', reader, state })
    running.get(reader)?.abort('the card was removed')
    running.delete(reader)
    if (state === 'card') start(reader)
  }
  try {
    await watchReaders({ signal }, change)
  } finally {
    end.abort()
    await Promise.all(agents)
  }
}
