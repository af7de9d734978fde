/** All figures, in the text format of Prometheus: each tenant's for itself, and those of the service for who runs it. */
import type { Caller, DeviceOperation, Hsm } from '@keytether/hsm'
import { prometheusContentType, Registry } from 'prom-client'
import type { Answered } from '../answered.ts'
import { demandRole, type Route } from '../api.ts'
import { ServiceFigures } from './service-figures.ts'
import { tenantFigures } from './tenant-figures.ts'
import { WorkFigures } from './work-figures.ts'

export class Metrics {
  readonly #hsm: Hsm
  readonly #service: ServiceFigures
  /** By the ids of tenants. */
  readonly #work = new Map<string, WorkFigures>()

  constructor(hsm: Hsm) {
    this.#hsm = hsm
    this.#service = new ServiceFigures(hsm)
    hsm.pools.events.on('operation', operation => this.#note(operation))
  }

  begin(): void {
    this.#service.begin()
  }

  end(answered: Answered): void {
    this.#service.end(answered)
  }

  /** What there is for the caller. */
  async text(caller: Caller): Promise<string> {
    const { tenant } = caller
    const { tenants } = this.#hsm
    const parts = [
      ...(tenant === null || tenant === tenants.main ? [this.#service.registry] : []),
      ...(tenant === null
        ? []
        : [await tenantFigures(this.#hsm, caller), this.#work.get(tenant)?.registry ?? []].flat()),
    ]
    return Registry.merge(parts).metrics()
  }

  #note(operation: DeviceOperation): void {
    const row = this.#hsm.registry.row(operation.device)
    if (row === undefined || row.tenant_id === null || row.name === null) return
    let figures = this.#work.get(row.tenant_id)
    if (figures === undefined) {
      figures = new WorkFigures()
      this.#work.set(row.tenant_id, figures)
    }
    figures.note(row.name, operation)
  }
}

export function metricsRoutes(metrics: Metrics): readonly Route<Hsm>[] {
  return [
    {
      method: 'GET',
      path: '/',
      unrecorded: true,
      admit: (_, caller) => demandRole(caller, ['metrics', 'auditor', 'root']),
      async run(_, { caller }, reply) {
        return reply.type(prometheusContentType).send(await metrics.text(caller))
      },
    },
  ]
}
