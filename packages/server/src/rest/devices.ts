/** Devices: whose they are, what state they are in, their PINs, and their life. */
import type { Device, deviceOperations } from '@keytether/api'
import { fromHex } from '@keytether/codec'
import { type DeviceView, type Erasure, traceDevice } from '@keytether/hsm'
import { RequestError } from '../errors.ts'
import { actorMembers } from './actors.ts'
import { groupNames } from './group-names.ts'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

export const deviceHandlers: Handlers<typeof deviceOperations> = {
  async listDevices({ registry, groups }, { caller, query: { cursor, limit } }) {
    const names = await groupNames(groups, caller)
    const from = registry.list(caller).filter(({ row }) => cursor === undefined || row.name! > cursor)
    const items = from.slice(0, limit)
    return {
      items: items.map(view => deviceAnswer(view, names)),
      ...(from.length > limit && { next: items.at(-1)!.row.name! }),
    }
  },

  listQuarantine({ registry }) {
    const items = registry.quarantine().map(({ row, session }) => ({
      path: row.path,
      connected: session !== undefined && session.state !== 'offline',
      ...(session?.reason !== undefined && { reason: session.reason }),
      ...(session?.origin.address !== undefined && { from: session.origin.address }),
      ...(row.last_seen_at !== null && { lastSeen: time(row.last_seen_at) }),
    }))
    return { items }
  },

  async claimDevice({ registry, groups }, { caller, body }) {
    return deviceAnswer(await registry.claim(caller, body), await groupNames(groups, caller))
  },

  async getDevice({ registry, groups }, { caller, params }) {
    return deviceAnswer(registry.device(caller, params.device), await groupNames(groups, caller))
  },

  async changeDevice({ registry, groups }, { caller, params, body, ifMatch }) {
    const changed = await registry.update(caller, params.device, body, ifMatch)
    return deviceAnswer(changed, await groupNames(groups, caller))
  },

  async releaseDevice({ registry }, { caller, params, ifMatch }) {
    await registry.release(caller, params.device, ifMatch)
    return undefined
  },

  async refreshDevice({ registry, groups }, { caller, params, signal }) {
    const asked = await registry.refresh(caller, params.device, signal)
    return deviceAnswer(asked, await groupNames(groups, caller))
  },

  async traceDevice(hsm, { caller, params, query: { seconds, limit }, signal, progress }) {
    let exchanges = 0
    const ended = await traceDevice(hsm, caller, params.device, {
      ...{ limit, signal: AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]) },
      onExchange({ device: _, startedAt, endedAt, request, ...words }) {
        exchanges++
        const ms = Math.round((endedAt - startedAt) * 10) / 10
        progress({ at: isoTime(performance.timeOrigin + startedAt), ...words, ms, ...(request && { request }) })
      },
      onState: state => progress({ at: isoTime(Date.now()), ...state }),
    })
    return { exchanges, ended }
  },

  async deviceHistory({ registry, principals }, { caller, params, query: { cursor, limit } }) {
    const before = cursor === undefined ? undefined : eventId(cursor)
    const membersOf = actorMembers(principals, caller)
    const rows = await registry.history(caller, params.device, { before, limit: limit + 1 })
    const items = rows.slice(0, limit)
    return {
      items: await Promise.all(
        items.map(async ({ id, at, type, actor, data }) => ({
          ...{ id, at: time(at), type },
          ...(await membersOf(actor)),
          data: JSON.parse(data),
        })),
      ),
      ...(rows.length > limit && { next: String(items.at(-1)!.id) }),
    }
  },

  giveDevicePin({ pins }, { caller, params, body, signal }) {
    return pins.give(caller, params.device, { pin: utf8(body.pin), keep: body.keep }, signal)
  },

  async forgetDevicePin({ pins }, { caller, params }) {
    await pins.forget(caller, params.device)
    return undefined
  },

  async logoutDevice({ pins }, { caller, params, signal }) {
    await pins.logout(caller, params.device, signal)
    return undefined
  },

  changeDevicePin({ pins }, { caller, params, body, signal }) {
    return pins.change(caller, params.device, { oldPin: utf8(body.oldPin), newPin: utf8(body.newPin) }, signal)
  },

  unblockDevicePin({ pins }, { caller, params, body: { soPin, newPin }, signal }) {
    const wanted = { soPin: fromHex(soPin), newPin: newPin === undefined ? undefined : utf8(newPin) }
    return pins.unblock(caller, params.device, wanted, signal)
  },

  async labelDevice({ lifeCycle }, { caller, params, body, signal }) {
    await lifeCycle.label(caller, params.device, body.label, signal)
    return undefined
  },

  async planErasure({ lifeCycle }, { caller, params, signal }) {
    return erasureAnswer(await lifeCycle.plan(caller, params.device, signal))
  },

  async initializeDevice({ lifeCycle }, { caller, params, body, signal }) {
    const { soPin, pin, confirmation, keepPin, label, pinTries, dkekShares, keyDomains } = body
    const order = {
      ...{ soPin: fromHex(soPin), userPin: utf8(pin), confirmation, keepPin },
      ...(label !== undefined && { label }),
      ...(pinTries !== undefined && { pinTries }),
      ...(dkekShares !== undefined && { dkekShares }),
      ...(keyDomains !== undefined && { keyDomains }),
    }
    return erasureAnswer(await lifeCycle.initialize(caller, params.device, order, signal))
  },

  retireDevice({ retirements }, { caller, params, body: { soPin, confirmation }, signal }) {
    return retirements.retire(caller, params.device, { soPin: fromHex(soPin), confirmation }, signal)
  },

  getRetirement({ retirements }, { caller, params }) {
    return retirements.record(caller, params.device)
  },
}

function deviceAnswer(
  { row, session, facts, warnings, state, reason, advice }: DeviceView,
  groups: ReadonlyMap<string, string>,
): Device {
  const group = groups.get(row.group_id ?? '')
  const there = session !== undefined && session.state !== 'offline' ? session : undefined
  return {
    id: row.id,
    name: row.name!,
    path: row.path,
    ...(group !== undefined && { group }),
    priority: row.priority,
    standby: row.standby === 1,
    state,
    ...(reason !== undefined && { reason }),
    ...(advice !== undefined && { advice }),
    warnings: [...warnings],
    pin: row.pin === null ? 'none' : row.pin_refused ? 'refused' : 'kept',
    load: there?.load ?? 0,
    ...(there && { connectedSince: there.since.toISOString() }),
    ...(there?.origin.address !== undefined && { from: there.origin.address }),
    ...(there?.origin.transport !== undefined && { transport: there.origin.transport }),
    ...(row.last_seen_at !== null && { lastSeen: time(row.last_seen_at) }),
    ...(facts && { facts: { ...facts, at: time(facts.at), keys: [...facts.keys], keyDomains: [...facts.keyDomains] } }),
    revision: row.revision,
  }
}

/** @throws RequestError BAD_REQUEST */
function eventId(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new RequestError('BAD_REQUEST', 'cursor: wanted what an earlier page gave as `next`')
}

function erasureAnswer({ keys, certificates, data, keyDomains, words, ...rest }: Erasure) {
  return {
    ...rest,
    keys: [...keys],
    certificates: [...certificates],
    data: [...data],
    keyDomains: [...keyDomains],
    words: [...words],
  }
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
