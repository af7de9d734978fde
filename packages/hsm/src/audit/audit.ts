/** The audit log: a chain of records for each tenant, and one for the service itself. */
import type { AuditedRequest } from '@keytether/audit'
import type { Foundation } from '../foundation.ts'
import type { Appender } from './appender.ts'

export class Audit {
  readonly #foundation: Foundation
  readonly #appender: Appender

  constructor(foundation: Foundation, appender: Appender) {
    this.#foundation = foundation
    this.#appender = appender
  }

  /**
   * Resolves when it is on record, after everything that happened before.
   *
   * @param tenant of who asked; none: root, or nobody who is known
   * @throws HsmError `BUSY`, `DATABASE`, `OUTCOME_UNKNOWN`
   */
  record(tenant: string | null, request: AuditedRequest): Promise<void> {
    return this.#appender.append({ tenant, at: this.#foundation.now(), request })
  }
}
