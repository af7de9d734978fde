/** What the devices of one tenant have done: how long it waited for them, and how long they took, apart. */
import type { DeviceOperation } from '@keytether/hsm'
import { Counter, Histogram, Registry } from 'prom-client'

const labelNames = ['device', 'operation', 'key_type'] as const

/** @param kind as `sign EC secp256r1` or `random` */
export function kindLabels(kind: string): { readonly operation: string; readonly key_type: string } {
  const [, operation = kind, key_type = ''] = /^(.+?) ((?:EC|RSA|AES) .+)$/.exec(kind) ?? []
  return { operation, key_type }
}

export class WorkFigures {
  readonly registry = new Registry()
  readonly #waited = new Histogram({
    name: 'keytether_device_wait_seconds',
    help: 'How long operations waited until a device began with them',
    labelNames,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  })
  readonly #worked = new Histogram({
    name: 'keytether_device_operation_seconds',
    help: 'How long operations took from their first command to the last answer, with the way to the device and back',
    labelNames,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  })
  readonly #operations = new Counter({
    name: 'keytether_device_operations_total',
    help: 'Operations of devices, by outcome: done, refused, lost, failed',
    labelNames: [...labelNames, 'outcome'],
    registers: [this.registry],
  })

  /** @param device what its tenant calls it */
  note(device: string, { kind, askedAt, startedAt, endedAt, outcome }: DeviceOperation): void {
    const labels = { device, ...kindLabels(kind) }
    this.#waited.observe(labels, (startedAt - askedAt) / 1_000)
    if (outcome === 'done') this.#worked.observe(labels, (endedAt - startedAt) / 1_000)
    this.#operations.inc({ ...labels, outcome })
  }
}
