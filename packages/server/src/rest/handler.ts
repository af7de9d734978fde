/** What does an operation of the REST API: a function of the domain and of what was asked. */
import type { AnswerInput, Body, Operation, PathParameters, ProgressInput, Query } from '@keytether/api'
import type { Caller, Hsm } from '@keytether/hsm'
import type { RelyingParty } from '../access/relying-party.ts'

/** What handlers have to work with. */
export interface Domain extends Hsm {
  /** None: it is not known where browsers reach the service, so there are no passkeys. */
  readonly relyingParty: RelyingParty | undefined
  /** Whether browsers reach the service over TLS. */
  readonly secureCookies: boolean
}

interface Asked<O extends Operation> {
  readonly caller: Caller
  readonly params: Readonly<Record<PathParameters<O['path']>, string>>
  readonly query: Query<O>
  readonly body: Body<O>
  /** What the program that asks calls itself. */
  readonly client: string
  /** Aborts when the answer is due, or nobody waits for it any more. */
  readonly signal: AbortSignal
  /** The revision that the caller has seen, where it demands that there is no newer one. */
  readonly ifMatch: number | undefined
  /** How far it is, for who wants to know. */
  progress(item: ProgressInput<O>): void
}

/** @throws HsmError */
export type Handler<O extends Operation> = (domain: Domain, asked: Asked<O>) => Promise<AnswerInput<O>> | AnswerInput<O>

/** One for each operation, no more and no fewer. */
export type Handlers<T extends Readonly<Record<string, Operation>>> = { readonly [N in keyof T]: Handler<T[N]> }
