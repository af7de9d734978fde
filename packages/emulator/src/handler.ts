/** What carries out one command. */
import type { DataOf, OutcomeOf, ParamsOf } from '@keytether/card'
import type { Card } from './card.ts'

export interface Request<C> {
  readonly params: ParamsOf<C>
  readonly data: DataOf<C>
  /** How many bytes the answer may have at most; absent: none. */
  readonly le: number | undefined
}

/** An outcome that the command lists; or a status word that it does not. */
type Answer<C> = OutcomeOf<C> | number

/** Changes the card, and says what to answer. Until it has answered, no other command is carried out. */
export type Handler<C> = (card: Card, request: Request<C>) => Answer<C> | Promise<Answer<C>>

/** Success, with nothing to tell. */
export const ok = { status: 'ok', data: undefined } as const
