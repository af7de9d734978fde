/** Figures of the service as a whole: what it was asked, its database, and its process. */
import type { Hsm } from '@keytether/hsm'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Answered } from '../answered.ts'
import { version } from '../version.ts'

const deviceStates = ['connected', 'identified', 'secured', 'unlocked', 'ready', 'lent', 'offline'] as const

const misnamed = ['handles', 'requests', 'resources'].map(what => `nodejs_active_${what}_total`)

export class ServiceFigures {
  readonly registry = new Registry()
  readonly #requests: Counter<'operation' | 'status' | 'outcome'>
  readonly #durations: Histogram<'operation'>
  #underWay = 0

  constructor({ store, vault, devices, startedAt }: Hsm) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    // Called like counters, which they are not; their sums over types say the same.
    for (const name of misnamed) this.registry.removeSingleMetric(name)
    this.#requests = new Counter({
      name: 'keytether_requests_total',
      help: 'Requests answered, by operation, HTTP status and outcome: OK or the code of the problem',
      labelNames: ['operation', 'status', 'outcome'],
      registers,
    })
    this.#durations = new Histogram({
      name: 'keytether_request_duration_seconds',
      help: 'From a request to its answer',
      labelNames: ['operation'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    })
    const commits = new Histogram({
      name: 'keytether_store_commit_duration_seconds',
      help: 'How long commits of the database took, each with all writes that came together',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    })
    const writes = new Counter({
      name: 'keytether_store_writes_total',
      help: 'Writes that are durable',
      registers,
    })
    store.events.on('commit', (count, ms) => {
      commits.observe(ms / 1_000)
      writes.inc(count)
    })
    const info = {
      name: 'keytether_build_info',
      help: 'What runs here',
      labelNames: ['version', 'database'],
      registers,
    }
    new Gauge(info).set({ version, database: store.kind }, 1)
    this.#gauge('keytether_start_time_seconds', 'When the service started', () => startedAt / 1_000)
    this.#gauge('keytether_requests_in_progress', 'Requests that are not answered yet', () => this.#underWay)
    this.#gauge('keytether_store_writes_waiting', 'Writes that wait for a commit', () => store.waiting)
    this.#gauge('keytether_unsealed', 'Whether the secrets in the database can be opened', () =>
      Number(vault.state === 'open'),
    )
    new Gauge({
      name: 'keytether_devices',
      help: 'Devices of all tenants and of none that have connected since the start, by state',
      labelNames: ['state'],
      registers,
      collect() {
        const all = devices.all()
        for (const state of deviceStates) this.set({ state }, all.filter(device => device.state === state).length)
      },
    })
  }

  begin(): void {
    this.#underWay++
  }

  end({ method, route, status, outcome, ms }: Answered): void {
    this.#underWay--
    const operation = route === undefined ? 'unknown' : `${method} ${route}`
    this.#requests.inc({ operation, status, outcome })
    this.#durations.observe({ operation }, ms / 1_000)
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      ...{ name, help, registers: [this.registry] },
      collect() {
        this.set(value())
      },
    })
  }
}
