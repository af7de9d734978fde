/** What is exchanged with a device while somebody watches, with all secrets masked, and what state it is in meanwhile. */
import type { Caller } from '../principals/caller.ts'
import type { Logins } from '../principals/logins.ts'
import type { DeviceExchange } from '../sessions/device-exchange.ts'
import type { DeviceSession, DeviceState } from '../sessions/device-session.ts'
import type { Devices } from '../sessions/devices.ts'
import type { Registry } from './registry.ts'

interface StateOfTraced {
  readonly state: DeviceState
  readonly reason?: string
}

interface TraceOptions {
  /** Ends it. */
  readonly signal: AbortSignal
  /** After so many exchanges it ends by itself. */
  readonly limit: number
  onExchange(exchange: DeviceExchange): void
  /** First of all, and whenever it changes. */
  onState(state: StateOfTraced): void
}

/** `time` nobody waits any more · `limit` there were so many · `rights` it has to be found out anew whether the caller may */
type TraceEnd = 'time' | 'limit' | 'rights'

/** @throws HsmError NOT_FOUND, AMBIGUOUS_HSM */
export async function traceDevice(
  { devices, registry, logins }: { readonly devices: Devices; readonly registry: Registry; readonly logins: Logins },
  caller: Caller,
  device: string,
  { signal, limit, onExchange, onState }: TraceOptions,
): Promise<TraceEnd> {
  const { row, session } = registry.device(caller, device)
  const { promise, resolve } = Promise.withResolvers<TraceEnd>()
  let left = limit
  const onTime = () => resolve('time')
  const onForget = (tenant = caller.tenant) => tenant === caller.tenant && resolve('rights')
  const exchanged = (exchange: DeviceExchange) => {
    if (exchange.device !== row.path || left === 0) return
    if (!registry.isOf(caller, row.path)) return resolve('rights')
    onExchange(exchange)
    if (--left === 0) resolve('limit')
  }
  const changed = (one: DeviceSession) => {
    if (one.id !== row.path) return
    if (registry.isOf(caller, row.path)) onState(stateOf(one))
    else resolve('rights')
  }
  devices.events.on('exchange', exchanged).on('change', changed)
  logins.events.on('forget', onForget)
  signal.addEventListener('abort', onTime, { once: true })
  try {
    if (signal.aborted) onTime()
    onState(session ? stateOf(session) : { state: 'offline' })
    return await promise
  } finally {
    devices.events.off('exchange', exchanged).off('change', changed)
    logins.events.off('forget', onForget)
    signal.removeEventListener('abort', onTime)
  }
}

function stateOf({ state, reason }: DeviceSession): StateOfTraced {
  return { state, ...(reason !== undefined && { reason }) }
}
