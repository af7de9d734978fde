/**
 * All devices of the service, under their certified names, and the keys that they hold.
 *
 * A name is worth something only from `secured` on: certificates are public, so whoever dials in can show one of another
 * device. Until then nothing that is known is replaced.
 */
import { EventEmitter } from 'node:events'
import type { Channel, TrustRoot } from '@keytether/card'
import type { SignatureScheme } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import { type Pool, quickestPool } from '../scheduler/pool.ts'
import { Pools } from '../scheduler/pools.ts'
import { type DeviceExchange, exchangesInWords } from './device-exchange.ts'
import { type DeviceKeeper, type DeviceOrigin, DeviceSession } from './device-session.ts'
import { type Key, type KeyDomain, type KeyInstance, keysOf } from './key-instances.ts'
import { mustFit, type NamedVersion, signature } from './signature.ts'

export interface DevicesOptions {
  readonly roots: readonly TrustRoot[]
  /** The devices that are wanted, by id; default every device that descends from one of the roots. */
  readonly allowed?: readonly string[]
  /** User PINs by device id, for devices whose agents do not present it. */
  readonly pins?: ReadonlyMap<string, Uint8Array>
  /** How many operations may wait for one device; default 256. */
  readonly queueLimit?: number
  /** Whether a device waits in quarantine until somebody claims it, or is the tenant main's if it is genuine; that is the default. */
  readonly admit?: 'claimed' | 'genuine'
}

/** Who decides what becomes of devices that have proven their names. */
export interface Gate extends Pick<DeviceKeeper, 'admit' | 'pinRefused' | 'learn'> {
  pinOf(id: string): Promise<Uint8Array | string | undefined>
}

/** Names a key; where different keys have its id, with the device or the key domain that is meant. */
export interface KeySelector {
  readonly key: string
  readonly hsm?: string | undefined
  readonly keyDomain?: string | undefined
  /** The devices, by their ids, that there are for who asks; default all. */
  readonly within?: Within | undefined
}

export type Within = (id: string) => boolean

const everywhere: Within = () => true

/** Anybody can connect: how long a device may take to prove its name, and how many may be about to. */
const provingMs = 60_000
const maxArriving = 5_000

export class Devices {
  /** `change`: the state of a device, or the reason for it · `keys`: a device that is ready holds others than before · `exchange`: commands and answers, for who listens */
  readonly events = new EventEmitter<{
    change: [device: DeviceSession]
    keys: [device: DeviceSession]
    exchange: [exchange: DeviceExchange]
  }>()
  /** Connected, and not yet proven to be who they say; with the timers that give them up. */
  readonly #arriving = new Map<DeviceSession, NodeJS.Timeout>()
  /** The last session of every device that has proven its name, by its id. */
  readonly #known = new Map<string, DeviceSession>()
  /** Ids of the keys that each of them held when it was last ready. */
  readonly #held = new Map<string, ReadonlySet<string>>()
  readonly #refusedPins = new Set<string>()
  /** How many tries were left when a PIN was presented of which nobody has told yet whether it is the device's. */
  readonly #presented = new Map<string, number>()
  readonly #keeper: DeviceKeeper
  #gate: Gate | undefined
  #pools: Pools | undefined
  #draining = false
  /** Instances on devices that are ready, by key id; made when asked for, dropped when a device changes. */
  #index: Map<string, KeyInstance[]> | undefined

  constructor({ roots, allowed, pins, queueLimit = 256 }: DevicesOptions) {
    this.events.setMaxListeners(0)
    this.#keeper = {
      roots,
      queueLimit,
      refusal: id => (allowed && !allowed.includes(id) ? `${id} is not among the devices allowed here` : undefined),
      admit: async device => this.#gate?.admit(device),
      pinOf: async (id, triesLeft) => {
        const held = await this.#gate?.pinOf(id)
        const pin = held ?? (this.#refusedPins.has(id) ? undefined : pins?.get(id)?.slice())
        if (pin === undefined || typeof pin === 'string') return pin
        const before = this.#presented.get(id) ?? triesLeft
        if (triesLeft < before) {
          await this.#keeper.pinRefused(id, { status: 'wrongPin', triesLeft })
          return `the PIN on record was presented, the connection broke, and a try is gone: ${triesLeft} are left; give the right one`
        }
        this.#presented.set(id, triesLeft)
        return pin
      },
      pinAccepted: id => this.#presented.delete(id),
      pinRefused: async (id, outcome) => {
        this.#presented.delete(id)
        this.#refusedPins.add(id)
        await this.#gate?.pinRefused(id, outcome)
      },
      learn: async (device, card) => this.#gate?.learn(device, card),
      changed: device => this.#changed(device),
      keysChanged: device => this.#keysChanged(device),
      exchanged: (device, exchange) => {
        if (this.events.listenerCount('exchange') === 0) return
        for (const one of exchangesInWords(device, exchange)) this.events.emit('exchange', one)
      },
    }
  }

  /** How many operations may wait for each device. */
  get queueLimit(): number {
    return this.#keeper.queueLimit
  }

  /** Where the devices do what is asked of their keys; unless it is said otherwise, they are in no group. */
  get pools(): Pools {
    this.#pools ??= new Pools(this, () => undefined)
    return this.#pools
  }

  set pools(pools: Pools) {
    this.#pools = pools
  }

  /** From now on, this gate is asked; without one, every device that is not refused is opened. */
  guard(gate: Gate): void {
    this.#gate = gate
  }

  /** Takes a card in and brings it up. */
  attach(channel: Channel, origin: DeviceOrigin = {}): DeviceSession {
    const device = new DeviceSession(channel, this.#keeper, origin)
    const [oldest] = this.#arriving.size < maxArriving ? [] : this.#arriving.keys()
    oldest?.close('too many others connect, and it has not proven its name: try again')
    const late = () => device.close(`it did not prove its name within ${provingMs / 1000} s`)
    this.#arriving.set(device, setTimeout(late, provingMs))
    this.#changed(device)
    if (this.#draining) device.close('the service is shutting down')
    else void device.start()
    return device
  }

  /** All devices, in whatever state. */
  all(): DeviceSession[] {
    return [...this.known(), ...this.#arriving.keys()]
  }

  /** Those that have once proven their names, also if they are away now. */
  known(): DeviceSession[] {
    return [...this.#known.values()]
  }

  /** The last session of a device, by its id. */
  session(id: string): DeviceSession | undefined {
    return this.#known.get(id)
  }

  /** The devices whose keys can be used. */
  hsms(within: Within = everywhere): DeviceSession[] {
    return this.known().filter(device => device.state === 'ready' && within(device.id!))
  }

  /** @throws HsmError UNKNOWN_HSM unless a device of this id is ready */
  hsm(id: string, within: Within = everywhere): DeviceSession {
    const device = this.#known.get(id)
    if (device?.state !== 'ready' || !within(id))
      throw new HsmError('UNKNOWN_HSM', `no HSM ${id} is connected and unlocked`)
    return device
  }

  /**
   * A device in whatever state, if it has once proven its name.
   *
   * @param name its id, or the last part of it
   * @throws HsmError UNKNOWN_HSM, AMBIGUOUS_HSM
   */
  device(name: string): DeviceSession {
    const ids = [...this.#known.keys()].filter(id => id === name || id.endsWith(`.${name}`))
    const [id, ...more] = ids.includes(name) ? [name] : ids
    if (id === undefined) throw new HsmError('UNKNOWN_HSM', `no device ${name} has connected`)
    if (more.length > 0) throw new HsmError('AMBIGUOUS_HSM', `several devices are called ${name}: ${ids.join(', ')}`)
    return this.#known.get(id)!
  }

  /** Every key once; those of one device or one key domain if it is named. */
  keys(scope: Omit<KeySelector, 'key'> = {}): Key[] {
    return keysOf(this.#scoped([...this.#instances().values()].flat(), scope))
  }

  /** @throws HsmError UNKNOWN_KEY, AMBIGUOUS_KEY; UNKNOWN_HSM or UNKNOWN_KEY_DOMAIN of those that are named */
  key(selector: KeySelector): Key {
    const id = selector.key.toUpperCase()
    const [key, ...more] = keysOf(this.#scoped(this.#instances().get(id) ?? [], selector))
    if (key === undefined) throw new HsmError('UNKNOWN_KEY', `no HSM that is connected and unlocked has key ${id}`)
    if (more.length === 0) return key
    const holders = [key, ...more].map(one => one.instances.map(({ device }) => device.id).join(' and '))
    throw new HsmError('AMBIGUOUS_KEY', `different keys have the id ${id}: on ${holders.join(', on ')}`)
  }

  keyDomains(within: Within = everywhere): KeyDomain[] {
    const hsms = this.hsms(within)
    const ids = new Set(hsms.flatMap(device => device.keyDomains))
    return [...ids].map(id => ({
      id,
      devices: hsms.filter(device => device.keyDomains.includes(id)),
      keys: this.keys({ keyDomain: id, within }),
    }))
  }

  /** @throws HsmError UNKNOWN_KEY_DOMAIN */
  keyDomain(id: string, within: Within = everywhere): KeyDomain {
    const domain = this.keyDomains(within).find(one => one.id === id.toUpperCase())
    if (domain === undefined) throw unknownDomain(id)
    return domain
  }

  /**
   * Signs a hash on whichever device that has the key is free. If that one is lost meanwhile, another one is asked: a hash that
   * has been signed twice is signed.
   *
   * @param signal ends the waiting; a command that is on its way is not called back
   * @param mustBeUsable throws if the caller may not sign with the key
   * @returns for ECDSA, DER; for RSA, as long as the modulus
   * @throws HsmError, of any code but UNKNOWN_HSM if none is named
   */
  async sign(
    selector: KeySelector,
    scheme: SignatureScheme,
    hash: Uint8Array,
    signal: AbortSignal,
    mustBeUsable: (key: Key) => NamedVersion | undefined = () => undefined,
  ): Promise<Uint8Array> {
    let refusal: HsmError | undefined
    const asked = new Set<Pool>()
    for (;;) {
      const key = this.#usable(selector)
      mustBeUsable(key)
      mustFit(key, scheme, hash)
      const operation = signature(key, scheme, hash, mustBeUsable)
      const pools = new Set(key.instances.map(({ device }) => this.pools.poolOf(device)))
      const pool = quickestPool(
        [...pools].filter(one => !asked.has(one)),
        operation.kind,
      )
      if (pool === undefined) break
      asked.add(pool)
      try {
        return await pool.run(operation, signal)
      } catch (error) {
        if (!(error instanceof HsmError) || error.code === 'TIMEOUT') throw error
        if (error.code !== 'NO_DEVICE') refusal = error
      }
    }
    throw refusal ?? new HsmError('NO_DEVICE', `the devices that hold key ${selector.key} were lost, try again`)
  }

  /** Takes no new devices, and resolves when the others have done what they had to do, or when the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true
    const { promise: aborted, resolve } = Promise.withResolvers<void>()
    const abort = () => resolve()
    if (signal.aborted) return
    signal.addEventListener('abort', abort)
    await Promise.race([this.#idle(), aborted])
    signal.removeEventListener('abort', abort)
  }

  async #idle(): Promise<void> {
    await this.pools.idle()
    await Promise.all(this.all().map(device => device.idle()))
  }

  /** Ends all sessions. */
  close(reason: string): void {
    this.#draining = true
    for (const device of this.all()) device.close(reason)
  }

  #instances(): Map<string, KeyInstance[]> {
    this.#index ??= Map.groupBy(
      this.hsms().flatMap(device => device.keys.map(key => ({ ...key, device }))),
      ({ id }) => id,
    )
    return this.#index
  }

  #scoped(instances: KeyInstance[], { hsm, keyDomain, within = everywhere }: Omit<KeySelector, 'key'>): KeyInstance[] {
    const device = hsm === undefined ? undefined : this.hsm(hsm, within)
    const domain = keyDomain?.toUpperCase()
    if (domain !== undefined && !this.hsms(within).some(one => one.keyDomains.includes(domain)))
      throw unknownDomain(domain)
    return instances.filter(
      one =>
        within(one.device.id!) &&
        (device === undefined || one.device === device) &&
        (domain === undefined || one.keyDomain === domain),
    )
  }

  /** A key whose devices are away is not unknown to who wants to use it: asked again later, it may be there. */
  #usable(selector: KeySelector): Key {
    try {
      return this.key(selector)
    } catch (error) {
      const unknown = error instanceof HsmError && error.code !== 'AMBIGUOUS_KEY'
      throw (unknown && this.#away(selector)) || error
    }
  }

  #away({ key, hsm, within = everywhere }: KeySelector): HsmError | undefined {
    for (const [id, keys] of this.#held) {
      const device = this.#known.get(id)
      if (!keys.has(key.toUpperCase()) || (hsm !== undefined && hsm !== id) || !within(id)) continue
      if (device === undefined || device.state === 'ready') continue
      return new HsmError('NO_DEVICE', `key ${key} is on ${id}, which is ${device.state}: ${device.reason ?? 'wait'}`)
    }
    return undefined
  }

  #changed(device: DeviceSession): void {
    this.#index = undefined
    if (device.state === 'offline') this.#arrived(device)
    if (device.state === 'secured' && this.#arrived(device)) {
      const id = device.id!
      const former = this.#known.get(id)
      this.#known.set(id, device)
      former?.close('the device has connected anew')
    }
    if (device.state === 'ready') this.#noteHeld(device)
    this.events.emit('change', device)
  }

  #keysChanged(device: DeviceSession): void {
    if (device.state !== 'ready') return
    this.#index = undefined
    this.#noteHeld(device)
    this.events.emit('keys', device)
  }

  #noteHeld(device: DeviceSession): void {
    this.#held.set(device.id!, new Set(device.keys.map(({ id }) => id)))
  }

  /** @returns whether the device was about to prove its name until now */
  #arrived(device: DeviceSession): boolean {
    clearTimeout(this.#arriving.get(device))
    return this.#arriving.delete(device)
  }
}

function unknownDomain(id: string): HsmError {
  return new HsmError('UNKNOWN_KEY_DOMAIN', `no HSM that is connected and unlocked has key domain ${id}`)
}
