/**
 * Which agent dials in: it shows a proof that it has its key, and one that was shown before is not taken again.
 *
 * @see RFC 8725, 3
 */
import type { IncomingMessage } from 'node:http'
import { agentProof } from '@keytether/card'
import type { Hsm, ShownAgent } from '@keytether/hsm'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import type { Log } from '../log.ts'
import type { KnownAgent } from '../ram/card-session.ts'
import { enrolmentOf } from '../ram/enrolment.ts'
import type { AddressOf } from './address.ts'

const clockToleranceS = 60
/** Of one proof, from when it is made to when nobody takes it any more. */
const longestS = agentProof.lifetimeS + 2 * clockToleranceS
/** What agents call a proof is no longer: anybody can send some, and those are remembered. */
const longestId = 64
/** So many agents in that time, or the oldest may come again. */
const mostRemembered = 100_000

export class AgentProofs {
  readonly #hsm: Hsm
  readonly #addressOf: AddressOf
  readonly #log: Log
  /** What was shown, and until when it would be good, in the order in which it came. */
  readonly #shown = new Map<string, number>()

  constructor(hsm: Hsm, addressOf: AddressOf, log: Log) {
    this.#hsm = hsm
    this.#addressOf = addressOf
    this.#log = log
  }

  /** @returns undefined: none that may connect devices */
  async agentOf(request: IncomingMessage): Promise<KnownAgent | undefined> {
    const address = this.#addressOf(request)
    const shown = await this.#verified(request)
    const caller = typeof shown === 'string' ? undefined : await this.#hsm.agents.admit(shown, address)
    if (caller !== undefined) return { id: caller.principal, address }
    const reason = typeof shown === 'string' ? shown : 'its key is not known, revoked, or not for there'
    this.#log.warn({ address, reason }, 'agent refused')
    return undefined
  }

  /** @returns a text: what is wrong with it */
  async #verified(request: IncomingMessage): Promise<ShownAgent | string> {
    const proof = request.headers[agentProof.header.toLowerCase()]
    if (typeof proof !== 'string') return 'it has no proof'
    const now = this.#hsm.now()
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        algorithms: [agentProof.algorithm],
        typ: agentProof.type,
        requiredClaims: ['aud', 'iat', 'exp', 'jti'],
        maxTokenAge: agentProof.lifetimeS,
        clockTolerance: clockToleranceS,
        currentDate: new Date(now),
      })
      const { aud, jti } = payload
      const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk!)
      if (typeof aud !== 'string') return 'its proof is for several'
      if (typeof jti !== 'string' || jti.length > longestId)
        return `its proof has no jti of at most ${longestId} characters`
      if (!this.#isNew(`${thumbprint} ${jti}`, now)) return 'its proof was shown before'
      return { thumbprint, audience: aud, enrolment: enrolmentOf(request) }
    } catch (error) {
      return (error as Error).message
    }
  }

  #isNew(proof: string, now: number): boolean {
    for (const [other, until] of this.#shown) {
      if (until > now && this.#shown.size < mostRemembered) break
      this.#shown.delete(other)
    }
    if (this.#shown.has(proof)) return false
    this.#shown.set(proof, now + longestS * 1000)
    return true
  }
}
