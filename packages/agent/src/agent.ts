/** Keeps one card connected to a server: session after session, for as long as it takes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Channel, ChannelError } from '@keytether/card'
import { SessionError, type SessionErrorCode } from './errors.ts'
import type { Transport } from './execute.ts'
import { runSession, type SessionOptions } from './session.ts'
import { type Unlocked, Unlocker } from './unlock.ts'

export type AgentEvent =
  | { readonly event: 'connected'; readonly transport: Transport }
  /** With when the next attempt is made. */
  | {
      readonly event: 'disconnected'
      readonly reason: string
      /** Where it was the way to the server that failed. */
      readonly code?: SessionErrorCode
      readonly retryMs: number
    }
  /** A message from the server. */
  | { readonly event: 'notice'; readonly number: number; readonly text: string }
  | ({ readonly event: 'pin' } & Unlocked)

export interface AgentOptions
  extends Pick<SessionOptions, 'url' | 'key' | 'authorities' | 'timeoutMs' | 'allow' | 'transport'> {
  /** Connects to the card, for one session; the channel is closed after it. */
  open(): Promise<Channel>
  /** The PIN to present at the start of each session; it is erased after use. */
  readonly pin?: () => Promise<Uint8Array>
  /** Tells the server good-bye and ends the agent. */
  readonly signal: AbortSignal
  onEvent?(event: AgentEvent): void
}

const firstDelayMs = 1_000
const maxDelayMs = 30_000
/** Those whose connections are cut all at once do not come back all at once. */
const afterCutMs = 500
/** A session that lasted this long did not fail at once: what went wrong before it is forgotten. */
const healthyMs = 5_000

/** Resolves when the signal aborts. Failures are events; each is followed by another attempt, ever later. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { signal, onEvent } = options
  const unlocker = new Unlocker()
  let failures = 0
  while (!signal.aborted) {
    const started = performance.now()
    const { reason, code, connected, forgotten, cut, inOrder } = await attempt(options, unlocker)
    if (signal.aborted) return
    if (inOrder || (connected && performance.now() - started > healthyMs)) failures = 0
    const first = failures === 0
    // A server that was restarted does not know its sessions any more: it is there, and nothing else is wrong.
    const retryMs = forgotten && first ? 0 : cut && first ? atRandom(afterCutMs) : delay(failures)
    failures++
    onEvent?.({ event: 'disconnected', reason, ...(code && { code }), retryMs })
    await sleep(retryMs, undefined, { signal }).catch(() => {})
  }
}

function atRandom(most: number): number {
  return Math.round(Math.random() * most)
}

/** Doubled each time, and less by up to a half, so that many agents do not come at once. */
function delay(failures: number): number {
  const most = Math.min(firstDelayMs * 2 ** Math.min(failures, 10), maxDelayMs)
  return Math.round(most * (0.5 + Math.random() / 2))
}

interface Ended {
  readonly reason: string
  /** The server had taken the card. */
  readonly connected: boolean
  readonly code?: SessionErrorCode
  /** The server lost a session that it had taken. */
  readonly forgotten?: boolean
  /** The connection to a server that had taken the card broke, or went dead. */
  readonly cut?: boolean
  /** The server took the card, and ended the session because it had a reason to. */
  readonly inOrder?: boolean
}

async function attempt(options: AgentOptions, unlocker: Unlocker): Promise<Ended> {
  const { open, pin, onEvent, ...session } = options
  let connected = false
  let channel: Channel | undefined
  try {
    channel = await open()
    const unlocked = pin && (await unlocker.unlock(channel, await pin()))
    if (unlocked) onEvent?.({ event: 'pin', ...unlocked })
    const hooks = {
      connected(transport: Transport) {
        connected = true
        onEvent?.({ event: 'connected', transport })
      },
      notice: (number: number, text: string) => onEvent?.({ event: 'notice', number, text }),
    }
    await runSession({ ...session, channel, hooks })
    return { reason: 'the server ended the session', connected, inOrder: connected }
  } catch (error) {
    if (!expected(error)) throw error
    if (!(error instanceof SessionError)) return { reason: error.message, connected }
    const cut = connected && wayErrors.has(error.code)
    return { reason: error.message, connected, code: error.code, forgotten: connected && error.status === 404, cut }
  } finally {
    await channel?.close()
  }
}

const wayErrors: ReadonlySet<SessionErrorCode> = new Set(['CONNECT', 'NETWORK', 'TIMEOUT'])

/** What goes wrong outside of this program. By name, since not every card is one in a reader. */
function expected(error: unknown): error is Error {
  return error instanceof SessionError || error instanceof ChannelError || (error as Error).name === 'PcscError'
}
