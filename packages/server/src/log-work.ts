/** What the devices do, in the log: each operation at `debug`, each command at `trace`, under the id of the request that it is for. */
import type { DeviceExchange, DeviceOperation, Hsm } from '@keytether/hsm'
import type { Log } from './log.ts'

export function logWork(log: Log, { pools, devices }: Pick<Hsm, 'pools' | 'devices'>): void {
  pools.events.on('operation', operation => log.debug(operationFields(operation), 'device operation'))
  const logExchange = (exchange: DeviceExchange) => log.trace(exchangeFields(exchange), 'device command')
  // Commands are decoded only while somebody listens.
  const listen = () => {
    devices.events.off('exchange', logExchange)
    if (log.isLevelEnabled('trace')) devices.events.on('exchange', logExchange)
  }
  log.on('level-change', listen)
  listen()
}

function operationFields({ request: reqId, device, kind, key, askedAt, startedAt, endedAt, outcome }: DeviceOperation) {
  const times = { waitedMs: rounded(startedAt - askedAt), workedMs: rounded(endedAt - startedAt) }
  return { reqId, device, operation: kind, key, outcome, ...times }
}

function exchangeFields({ request: reqId, startedAt, endedAt, ...exchange }: DeviceExchange) {
  return { reqId, ...exchange, ms: rounded(endedAt - startedAt) }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
