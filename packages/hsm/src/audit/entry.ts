/** What is to be recorded, before it has its place in a chain. */
import type { AuditedEvent, AuditedRequest } from '@keytether/audit'
import type { Row } from '../store/tables.ts'

export interface Entry {
  /** None: of the service itself. */
  readonly tenant: string | null
  /** Milliseconds UTC. */
  readonly at: number
  readonly request?: AuditedRequest
  readonly event?: AuditedEvent
}

export function entryOfEvent({ id, tenant_id, at, type, subject, actor, data }: Row<'events'>): Entry {
  const event = { id, type, subject, ...(actor !== null && { actor }), data: JSON.parse(data) }
  return { tenant: tenant_id, at, event }
}

/** What records are searched by. */
export function searched({ request, event }: Entry): Pick<Row<'audit'>, 'actor' | 'operation' | 'outcome' | 'request'> {
  if (request === undefined) {
    return { actor: event!.actor ?? null, operation: event!.type, outcome: 'OK', request: null }
  }
  const { id, principal = null, operation, asked, outcome } = request
  return { actor: principal, operation: operation ?? asked, outcome, request: id }
}
