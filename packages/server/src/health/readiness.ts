/** Whether the service takes requests, for load balancers and supervisors: without a log-in, so nothing is told of what is in it. */
import { type Hsm, troubleWith } from '@keytether/hsm'

export interface Readiness {
  /** `draining` about to end · `sealed` it waits for its master key · `unavailable` its database does not answer */
  readonly state: 'operational' | 'draining' | 'sealed' | 'unavailable'
  /** Why it is not operational. */
  readonly reasons: readonly string[]
}

/** Anybody can ask: the database is asked once for all who do so meanwhile. */
const keptMs = 1_000

/** @returns answers at once while the service drains, otherwise after the database was asked */
export function readiness(hsm: Hsm, draining: () => boolean): () => Promise<Readiness> {
  let asked: { readonly at: number; readonly trouble: Promise<string | undefined> } | undefined
  return async () => {
    if (draining()) return { state: 'draining', reasons: ['the service is about to end'] }
    const now = performance.now()
    if (asked === undefined || now - asked.at >= keptMs) asked = { at: now, trouble: troubleWith(hsm.store) }
    const trouble = await asked.trouble
    if (trouble !== undefined) return { state: 'unavailable', reasons: [trouble] }
    if (hsm.vault.state === 'open') return { state: 'operational', reasons: [] }
    return { state: 'sealed', reasons: ['nobody has given it its master key: keytether service unseal'] }
  }
}
