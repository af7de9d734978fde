/** What does an operation of the REST API: a function of the domain and of what was asked. */
import type { AnswerInput, Body, Operation, PathParameters, Query } from '@keytether/api'
import type { Caller, Hsm } from '@keytether/hsm'

interface Asked<O extends Operation> {
  readonly caller: Caller
  readonly params: Readonly<Record<PathParameters<O['path']>, string>>
  readonly query: Query<O>
  readonly body: Body<O>
  /** Aborts when the answer is due, or nobody waits for it any more. */
  readonly signal: AbortSignal
  /** The revision that the caller has seen, where it demands that there is no newer one. */
  readonly ifMatch: number | undefined
}

/** @throws HsmError */
export type Handler<O extends Operation> = (hsm: Hsm, asked: Asked<O>) => Promise<AnswerInput<O>> | AnswerInput<O>

/** One for each operation, no more and no fewer. */
export type Handlers<T extends Readonly<Record<string, Operation>>> = { readonly [N in keyof T]: Handler<T[N]> }
