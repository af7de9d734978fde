/**
 * Key shares that come from several custodians, maybe weeks apart, into one device or the same into several. What a card has is the
 * truth: before each import it is asked how many shares it misses, so that none comes twice, whatever was interrupted.
 */
import { createHash } from 'node:crypto'
import { toHex } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { newId } from '../store/ids.ts'
import type { Row } from '../store/tables.ts'
import { type CeremonyData, type DeviceProgress, faultOf, type ShareRecord } from './ceremony.ts'
import { inTurn } from './exclusive.ts'
import { domainFacts } from './facts.ts'
import type { Registry } from './registry.ts'

export interface NewCeremony {
  /** Names of devices. */
  readonly devices: readonly string[]
  readonly shares: number
  /** Index of the key domain on the devices. */
  readonly domain: number
  /** One custodian may import several shares. */
  readonly sameCustodian: boolean
  /** What the key check value is to be in the end, upper-case hexadecimal. */
  readonly keyCheckValue?: string | undefined
}

export interface Ceremony {
  readonly row: Row<'ceremonies'>
  readonly data: CeremonyData
}

export class Ceremonies {
  readonly #foundation: Foundation
  readonly #registry: Registry
  /** Shares of one ceremony come one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(foundation: Foundation, registry: Registry) {
    this.#foundation = foundation
    this.#registry = registry
  }

  /**
   * Begins a ceremony on devices that miss all shares of a domain.
   *
   * @throws HsmError NOT_FOUND, NO_DEVICE; WRONG_STATE if a device misses fewer shares, or none, or is in another ceremony
   */
  async open(caller: Caller, wanted: NewCeremony, signal: AbortSignal): Promise<Ceremony> {
    const { history, now } = this.#foundation
    const devices: DeviceProgress[] = []
    for (const { row } of [...new Set(wanted.devices)].map(name => this.#registry.device(caller, name))) {
      const busy = (await this.list(caller)).find(
        one => one.row.state === 'open' && one.data.devices.some(({ id }) => id === row.id),
      )
      if (busy) throw new HsmError('WRONG_STATE', `${row.name} is in the ceremony ${busy.row.id} already`)
      const session = await this.#registry.present(row)
      const domains = await inTurn(session, signal, card => card.keyDomains.list())
      const domain = domains.find(({ index }) => index === wanted.domain)
      if (domain === undefined || domain.shares !== wanted.shares || domain.outstanding !== wanted.shares) {
        throw new HsmError('WRONG_STATE', notFresh(row.name!, wanted, domain))
      }
      devices.push({ id: row.id, name: row.name!, outstanding: wanted.shares })
    }
    const data: CeremonyData = {
      devices,
      domain: wanted.domain,
      shares: wanted.shares,
      sameCustodian: wanted.sameCustodian,
      ...(wanted.keyCheckValue !== undefined && { wantedKeyCheckValue: wanted.keyCheckValue }),
      imports: [],
    }
    const row: Row<'ceremonies'> = {
      id: newId('crm'),
      tenant_id: caller.tenant!,
      device_id: devices.length === 1 ? devices[0]!.id : null,
      kind: 'key-shares',
      state: 'open',
      data: JSON.stringify(data),
      created_at: now(),
      updated_at: now(),
      revision: 1,
    }
    await history.write(async db => {
      await db.insertInto('ceremonies').values(row).execute()
      const opened = { devices: devices.map(({ name }) => name), shares: wanted.shares, domain: wanted.domain }
      const happened = { type: 'ceremony.opened', subject: row.id, actor: caller.principal, data: opened }
      return { value: undefined, happened: [{ tenant: caller.tenant, ...happened }] }
    })
    return { row, data }
  }

  async list({ tenant }: Caller): Promise<Ceremony[]> {
    const rows = await this.#foundation.store.db
      .selectFrom('ceremonies')
      .selectAll()
      .where('tenant_id', '=', tenant ?? '')
      .where('kind', '=', 'key-shares')
      .orderBy('created_at')
      .orderBy('id')
      .execute()
    return rows.map(parsed)
  }

  /** @throws HsmError NOT_FOUND */
  async find({ tenant }: Caller, id: string): Promise<Ceremony> {
    const row = await this.#foundation.store.db
      .selectFrom('ceremonies')
      .selectAll()
      .where('tenant_id', '=', tenant ?? '')
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) throw new HsmError('NOT_FOUND', `there is no ceremony ${id}`)
    return parsed(row)
  }

  /**
   * Imports a share of 32 bytes into every device of the ceremony. Given again after an interruption, it goes only where it has not
   * arrived.
   *
   * @throws HsmError NOT_FOUND; NO_DEVICE if one of the devices is away, and none gets it; FORBIDDEN for a second share of one
   *   custodian; EXISTS if this share was imported before; WRONG_STATE if the ceremony is over, or somebody else changed a device
   */
  importShare(caller: Caller, id: string, share: Uint8Array, signal: AbortSignal): Promise<Ceremony> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(() => this.#import(caller, id, share, signal))
    const ended = turn.catch(() => {})
    this.#turns.set(id, ended)
    void ended.then(() => this.#turns.get(id) === ended && this.#turns.delete(id))
    return turn
  }

  /** The devices keep the shares that they have until they are initialised. @throws HsmError NOT_FOUND, WRONG_STATE */
  async cancel(caller: Caller, id: string): Promise<Ceremony> {
    const ceremony = await this.#open(caller, id)
    return this.#save(ceremony, ceremony.data, 'cancelled', { type: 'ceremony.cancelled', actor: caller.principal })
  }

  async #open(caller: Caller, id: string): Promise<Ceremony> {
    const ceremony = await this.find(caller, id)
    if (ceremony.row.state !== 'open') throw new HsmError('WRONG_STATE', `the ceremony is ${ceremony.row.state}`)
    return ceremony
  }

  async #import(caller: Caller, id: string, share: Uint8Array, signal: AbortSignal): Promise<Ceremony> {
    let ceremony = await this.#open(caller, id)
    const record = recordOf(ceremony.data, caller, share, this.#foundation.now())
    // Nothing is imported anywhere unless all devices are there.
    const devices = ceremony.data.devices.map(device => ({ device, view: this.#registry.device(caller, device.id) }))
    const sessions = await Promise.all(devices.map(({ view }) => this.#registry.present(view.row)))
    // What was begun is known before it is begun.
    if (!ceremony.data.imports.includes(record)) {
      const data = { ...ceremony.data, imports: [...ceremony.data.imports, record] }
      ceremony = await this.#save(ceremony, data, 'open')
    }
    const missingBefore = ceremony.data.shares - ceremony.data.imports.length + 1
    const progress: DeviceProgress[] = []
    for (const [index, session] of sessions.entries()) {
      const { device, view } = devices[index]!
      const domainIndex = ceremony.data.domain
      const domain = await inTurn(session, signal, async card => {
        const found = (await card.keyDomains.list()).find(one => one.index === domainIndex)
        if (found?.outstanding !== missingBefore) return found
        return card.keyDomains.importShare(domainIndex, share)
      })
      if (domain?.shares !== ceremony.data.shares || domain.outstanding !== missingBefore - 1) {
        const has = domain ? `misses ${domain.outstanding} of ${domain.shares} shares` : 'has no such key domain'
        const reason = `somebody changed ${view.row.name} meanwhile: it ${has}, wanted ${missingBefore} missing: initialise it, and begin anew`
        await this.#save(ceremony, { ...ceremony.data, reason }, 'failed', {
          type: 'ceremony.failed',
          data: { reason },
        })
        throw new HsmError('WRONG_STATE', reason)
      }
      const { keyCheckValue } = domainFacts(domain)
      progress.push({ ...device, outstanding: domain.outstanding, ...(keyCheckValue && { keyCheckValue }) })
    }
    const done = { ...record, done: true }
    const data = {
      ...ceremony.data,
      devices: progress,
      imports: ceremony.data.imports.map(one => (one.share === record.share ? done : one)),
    }
    const fault = missingBefore > 1 ? undefined : faultOf(data)
    const state = missingBefore > 1 ? 'open' : fault === undefined ? 'done' : 'failed'
    const saved = await this.#save(ceremony, { ...data, ...(fault && { reason: fault }) }, state, {
      type: state === 'open' ? 'ceremony.share' : `ceremony.${state}`,
      actor: caller.principal,
      data: { share: data.imports.length, of: data.shares, keyCheckValue: progress[0]?.keyCheckValue, reason: fault },
    })
    for (const session of sessions) void session.restart('it got a key share, and comes up')
    return saved
  }

  #save(
    { row }: Ceremony,
    data: CeremonyData,
    state: Row<'ceremonies'>['state'],
    happening?: { readonly type: string; readonly actor?: string; readonly data?: Readonly<Record<string, unknown>> },
  ): Promise<Ceremony> {
    return this.#foundation.history.write(async db => {
      const changed = await db
        .updateTable('ceremonies')
        .set({ data: JSON.stringify(data), state, updated_at: this.#foundation.now(), revision: row.revision + 1 })
        .where('id', '=', row.id)
        .where('revision', '=', row.revision)
        .returningAll()
        .executeTakeFirst()
      if (changed === undefined) throw new HsmError('STALE', 'the ceremony has changed meanwhile: look at it again')
      const happened = happening ? [{ tenant: row.tenant_id, subject: row.id, ...happening }] : []
      return { value: parsed(changed), happened }
    })
  }
}

function parsed(row: Row<'ceremonies'>): Ceremony {
  return { row, data: JSON.parse(row.data) as CeremonyData }
}

/** The record of this share: of an import that was interrupted, or a new one. */
function recordOf(data: CeremonyData, caller: Caller, share: Uint8Array, at: number): ShareRecord {
  // Of 256 random bits: whoever has it cannot find the share.
  const digest = toHex(createHash('sha256').update('keytether share').update(share).digest())
  const begun = data.imports.find(one => !one.done)
  if (begun?.share === digest) return begun
  if (begun !== undefined) {
    throw new HsmError(
      'WRONG_STATE',
      `the share of ${begun.name} was interrupted: it has to be given again before others`,
    )
  }
  const known = data.imports.find(one => one.share === digest)
  if (known) throw new HsmError('EXISTS', `${known.name} has imported this very share: another one is wanted`)
  if (!data.sameCustodian && data.imports.some(one => one.custodian === caller.principal)) {
    throw new HsmError('FORBIDDEN', `${caller.name} has imported a share: another custodian brings the next one`)
  }
  return { custodian: caller.principal, name: caller.name, at, share: digest, done: false }
}

function notFresh(
  name: string,
  { shares, domain: index }: NewCeremony,
  domain: { readonly shares: number; readonly outstanding: number } | undefined,
): string {
  const initialise = `initialise it with ${shares} key shares`
  if (domain === undefined) return `${name} has no key domain ${index}: ${initialise}`
  if (domain.shares === 0) return `key domain ${index} of ${name} takes no shares: ${initialise}`
  return `key domain ${index} of ${name} misses ${domain.outstanding} of ${domain.shares} shares, wanted ${shares} of ${shares}: ${initialise}`
}
