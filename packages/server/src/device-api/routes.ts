/**
 * Lends devices to those who manage them from afar: the service relays what they say to the card, and cannot read it.
 *
 * @module
 */
import { fromHex, toHex } from '@keytether/codec'
import {
  type Caller,
  type DeviceSession,
  type Devices,
  HsmError,
  type Lease,
  type Leases,
  type Registry,
} from '@keytether/hsm'
import { z } from 'zod'
import { type Call, demandRole, type Route } from '../api.ts'
import { Commands, Device, LeaseGranted, LeaseInput, ResetDone, ResetInput, Responses } from './schemas.ts'

export interface Lending {
  readonly devices: Devices
  readonly leases: Leases
  readonly registry: Registry
}

const borrowers = ['administrator', 'custodian'] as const

/** The most that a terminal sends at once, in hexadecimal. */
const bodyLimit = 160 * 1024

export const routes: readonly Route<Lending>[] = [
  {
    method: 'GET',
    path: '/devices',
    answer: z.array(Device),
    admit: (_, caller) => demandRole(caller, [...borrowers, 'manager', 'operator', 'auditor']),
    run: ({ devices, registry }, { caller }) =>
      devices
        .known()
        .filter(({ id }) => registry.isOf(caller, id!))
        .map(deviceView),
  },
  {
    method: 'POST',
    path: '/devices/:device/lease',
    body: LeaseInput,
    answer: LeaseGranted,
    admit: (_, caller) => demandRole(caller, borrowers),
    async run({ leases, registry }, { params, body, caller, signal }): Promise<LeaseGranted> {
      const { keepLogIn } = body as z.infer<typeof LeaseInput>
      const name = pathOf(registry, caller, params.device!)
      const lease = await leases.lend({ name, borrower: caller.name, keepLogIn }, signal)
      // Nobody hears of it.
      if (signal.aborted) lease.end('the borrower had gone')
      return { lease: lease.id, device: lease.device.id!, atr: toHex(lease.atr), wasReady: lease.wasReady }
    },
  },
  {
    method: 'POST',
    path: '/leases/:lease/transmit',
    admit: (_, caller) => demandRole(caller, borrowers),
    body: Commands,
    bodyLimit,
    answer: Responses,
    async run(lending, call): Promise<z.infer<typeof Responses>> {
      const { number, commands } = call.body as z.infer<typeof Commands>
      const responses = await inTime(leaseOf(lending, call).transmit(number, commands.map(fromHex)), call.signal)
      return responses === undefined ? { working: true } : { responses: responses.map(toHex) }
    },
  },
  {
    method: 'POST',
    path: '/leases/:lease/reset',
    admit: (_, caller) => demandRole(caller, borrowers),
    body: ResetInput,
    answer: ResetDone,
    async run(lending, call): Promise<z.infer<typeof ResetDone>> {
      const { number } = call.body as z.infer<typeof ResetInput>
      const atr = await inTime(leaseOf(lending, call).reset(number), call.signal)
      return atr === undefined ? { working: true } : { atr: toHex(atr) }
    },
  },
  {
    method: 'DELETE',
    path: '/leases/:lease',
    run: (lending, call) => leaseOf(lending, call).end('given back'),
  },
]

function deviceView({ id, state, reason, keys }: DeviceSession): Device {
  return {
    id: id!,
    state: state as Device['state'],
    ...(reason !== undefined && { reason }),
    keys: state === 'ready' ? keys.length : 0,
  }
}

/** @throws HsmError UNKNOWN_HSM, AMBIGUOUS_HSM */
function pathOf(registry: Registry, caller: Caller, device: string): string {
  try {
    return registry.device(caller, device).row.path
  } catch (error) {
    if (!(error instanceof HsmError) || error.code !== 'NOT_FOUND') throw error
    throw new HsmError('UNKNOWN_HSM', `no device ${device} has connected`, { cause: error })
  }
}

/** Names are of one tenant: so is the device. @throws HsmError UNKNOWN_LEASE */
function leaseOf({ leases, registry }: Lending, { params, caller }: Call): Lease {
  const lease = leases.lease(params.lease!, caller.name)
  if (registry.isOf(caller, lease.device.id!)) return lease
  throw new HsmError('UNKNOWN_LEASE', 'there is no such lease: the device is not here any more')
}

/** Undefined if the time is up before. The work goes on then, and what comes of it is there for who asks again. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const abort = () => resolve(undefined)
  signal.addEventListener('abort', abort, { once: true })
  work.catch(() => {})
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort))
}
