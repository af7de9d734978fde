/** What a session with a card side is to the rest of the service, whichever way the card side came. */
import type { Channel, ChannelError } from '@keytether/card'

export interface CardSessionInfo {
  readonly transport: 'http' | 'websocket'
  /** Where the connection came from that began the session. */
  readonly address: string | undefined
  /** What the client sent as X-Admin-Protocol. */
  readonly protocol: string | undefined
  /** What the client said that its reader can carry, in bytes. */
  readonly maxCommandSize: number | undefined
  readonly maxResponseSize: number | undefined
  /** The secret that the client's URL carries. */
  readonly enrolment: string | undefined
  /** The id of the agent, where the client has shown which it is. */
  readonly agent?: string | undefined
}

export interface KnownAgent {
  readonly id: string
  /** Where it dials in from, also behind a proxy. */
  readonly address: string
}

export interface CardSession extends Channel {
  readonly info: CardSessionInfo
  /** Resolves when the session is over, with the reason. */
  readonly closed: Promise<ChannelError>
  /**
   * Shows a message to the people at the card: 0 tells of completion, numbers above of progress, -1 of an error, after
   * which stock clients leave and the session is over. Resolves when the client took it.
   */
  notify(id: number, text: string): Promise<void>
  /** Ends the session because the service goes away, and will be back. */
  shutDown(): void
}
