/** What all ways in have in common. */
import type { IncomingMessage } from 'node:http'
import type { Caller } from '@keytether/hsm'

/** Something that a request can show. */
export interface WayIn {
  /** Whether it shows something of this kind. The first way in that says so decides: who shows what is nothing is refused, whatever else he could show. */
  shown(request: IncomingMessage): boolean
  /** Whose it is; undefined: nobody's, or not any more, or not from this address. */
  callerOf(request: IncomingMessage, address: string): Promise<Caller | undefined>
}
