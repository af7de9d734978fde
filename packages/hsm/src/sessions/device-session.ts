/**
 * A connected card on its way from a mere connection to a device whose keys can be used. What has been found out is not
 * asked again; whatever happens that should not takes the device offline, with the reason.
 */
import { type Channel, ChannelError, type TrustRoot } from '@keytether/card'
import {
  type Identity,
  type Inventory,
  type KeyInfo,
  type PinOutcome,
  type PinStatus,
  SmartCardHsm,
  type Watch,
} from '@keytether/driver'
import { DeviceLostError, HsmError } from '../errors.ts'
import { isDeviceFault, isKeyRefusal } from './failures.ts'
import { type HeldKey, HeldKeys, hexId } from './held-keys.ts'
import { lockWords } from './lock-words.ts'
import { WorkQueue } from './work-queue.ts'

/**
 * - `connected` something answers, unknown what
 * - `identified` it shows a device certificate that leads up to a configured root
 * - `secured` the chip proved with its private key that the certificate is its own; all that follows is encrypted to it
 * - `unlocked` the user PIN is verified
 * - `ready` its keys are known and can be used
 * - `lent` it is out of service: somebody has the way to the card to himself
 * - `offline` it cannot be reached any more, or was refused
 */
export type DeviceState = 'connected' | 'identified' | 'secured' | 'unlocked' | 'ready' | 'lent' | 'offline'

/** Where a device dials in from. */
export interface DeviceOrigin {
  /** Address of the peer. */
  readonly address?: string | undefined
  /** In words, as `RAMOverHTTP`. */
  readonly transport?: string | undefined
  /** The secret of an enrolment. */
  readonly enrolment?: string | undefined
  /** The id of the agent, where it has shown which it is. */
  readonly agent?: string | undefined
}

/** Who keeps a device session: what it has to ask, and whom to tell. */
export interface DeviceKeeper {
  readonly roots: readonly TrustRoot[]
  /** How many operations may wait for one device. */
  readonly queueLimit: number
  /** Why a device is not wanted; undefined if it is. */
  refusal(id: string): string | undefined
  /** Asked when a device has proven its name: why it is not to be opened; undefined if it is. */
  admit(device: DeviceSession): Promise<string | undefined>
  /** The PIN on record for a device that nobody has unlocked; a text: why there is one and it cannot be had. */
  pinOf(id: string, triesLeft: number): Promise<Uint8Array | string | undefined>
  /** The PIN on record is the device's. */
  pinAccepted(id: string): void
  /** The PIN on record is not the device's and must not be presented again. */
  pinRefused(id: string, outcome: PinOutcome): Promise<void>
  /** A device that somebody has claimed has come as far as it goes: what it says of itself can be asked. */
  learn(device: DeviceSession, card: SmartCardHsm): Promise<void>
  /** The device's state or its reason changed. */
  changed(device: DeviceSession): void
  /** It holds other keys than before, or has other key domains. */
  keysChanged(device: DeviceSession): void
  /** Commands and answers, with all the secrets in them. */
  exchanged(device: DeviceSession, exchange: Parameters<Watch>[0]): void
}

/** Who borrowed a device cannot end its connection. */
export type LentChannel = Omit<Channel, 'close'>

interface LentDevice {
  readonly channel: LentChannel
  readonly wasReady: boolean
}

const never = new AbortController().signal

export class DeviceSession {
  /** To be told of what is exchanged with the card by others than this. */
  readonly watch: Watch = exchange => this.#keeper.exchanged(this, exchange)
  /** When it connected. */
  readonly since = new Date()
  readonly origin: DeviceOrigin
  readonly #channel: Channel
  readonly #keeper: DeviceKeeper
  readonly #queue: WorkQueue
  #card: SmartCardHsm | undefined
  #id: string | undefined
  /** Resolves when the card has come as far as it goes. */
  #settled: Promise<void> = Promise.resolve()
  /** As it was found when the card last came up. */
  #pin: PinStatus['status'] | undefined
  #state: DeviceState = 'connected'
  #reason: string | undefined
  #returning = false
  /** Of the quickest command that takes the card next to no time. */
  #roundTripMs = Number.POSITIVE_INFINITY
  #inventory: Inventory | undefined
  readonly #held = new HeldKeys()

  constructor(channel: Channel, keeper: DeviceKeeper, origin: DeviceOrigin = {}) {
    this.origin = origin
    this.#channel = channel
    this.#keeper = keeper
    this.#queue = new WorkQueue(keeper.queueLimit)
  }

  get state(): DeviceState {
    return this.#state
  }

  /** Why the device is offline, or what it waits for. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** It is offline, and its agent was told to connect anew. */
  get returning(): boolean {
    return this.#returning
  }

  /** The certified path with dots, as DESRCACC1.DESCHSMCA.DENK0105702; undefined until identified. */
  get id(): string | undefined {
    return this.#id
  }

  /** What its certificates say; undefined until identified. */
  get identity(): Identity | undefined {
    return this.#card?.identity
  }

  /** What was on it when all of it was last read. */
  get inventory(): Inventory | undefined {
    return this.#inventory
  }

  /** The domain of keys made outside any key domain: the X coordinate of the device's own public key, in hexadecimal. */
  get defaultKeyDomain(): string {
    const q = this.#card?.identity.devicePublicKey.q ?? new Uint8Array()
    return hexId(q.subarray(1, (q.length + 1) / 2))
  }

  /** The ids of its key domains, that of the default one first. */
  get keyDomains(): readonly string[] {
    return [...new Set([this.defaultKeyDomain, ...this.#held.domains])]
  }

  /** The index of each domain on the device that has its key, by the domain's id; that of the default one is not there. */
  get completeDomains(): ReadonlyMap<string, number> {
    return this.#held.completeDomains
  }

  /** What the device held when it became ready, and what has become of that by way of the service since. */
  get keys(): readonly HeldKey[] {
    return this.#held.all
  }

  /** A key is there now, in place of what was known under its reference. */
  noteKey(info: KeyInfo): void {
    this.#held.note(info)
    this.#keeper.keysChanged(this)
  }

  /** The key under this reference turned out to be another one than it is called: it does nothing in the other's name. */
  noteOther(reference: number): void {
    if (this.#held.noteOther(reference)) this.#keeper.keysChanged(this)
  }

  /** No key is under this reference any more. */
  forgetKey(reference: number): void {
    this.#held.forget(reference)
    this.#keeper.keysChanged(this)
  }

  /** What is on the device, read just now. */
  noteInventory(inventory: Inventory): void {
    this.#take(inventory)
    this.#keeper.keysChanged(this)
  }

  /** How many operations it has to do. */
  get load(): number {
    return this.#queue.length
  }

  /** See `Channel.duplex`. */
  get duplex(): boolean {
    return this.#channel.duplex ?? false
  }

  /** How long the way to the card and back takes; undefined if nothing is known about it. */
  get roundTripMs(): number | undefined {
    const { roundTripMs = Number.POSITIVE_INFINITY } = this.#channel
    const least = Math.min(roundTripMs, this.#roundTripMs)
    return Number.isFinite(least) ? least : undefined
  }

  /** Takes the card as far as it goes. Does not throw: what goes wrong takes the device offline. */
  start(): Promise<void> {
    this.#settled = this.#comeUp(true)
    return this.#settled
  }

  async #comeUp(keepLogIn: boolean): Promise<void> {
    try {
      const card = await SmartCardHsm.open(this.#channel, {
        ...{ roots: this.#keeper.roots, keepLogIn: true, watch: this.watch },
      })
      if (this.#card && this.#card.identity.path !== card.identity.path)
        return this.#goOffline('another device answers than before')
      this.#card = card
      this.#id = card.identity.path.replaceAll('/', '.')
      this.#become('identified')
      const refusal = this.#keeper.refusal(this.id!)
      if (refusal !== undefined) return this.#goOffline(refusal)
      await card.openSecureChannel()
      this.#become('secured')
      this.#inventory = undefined
      const barrier = await this.#keeper.admit(this)
      // Authentications that do not open it yet stay in any case.
      if (!keepLogIn && (await card.pinStatus()).status === 'verified') await card.logout()
      if (barrier !== undefined) return this.#become('secured', barrier)
      const before = this.#pin
      const lock = await this.#unlock(card)
      // Agents present their PIN when they connect, and this one may not have been able to when it did.
      if (before !== undefined && before !== 'notVerified' && this.#pin === 'notVerified')
        return this.#goOffline('it was lent and is locked: its agent is to connect anew and log in', {
          returning: true,
        })
      if (lock !== undefined) {
        await this.#keeper.learn(this, card)
        return this.#become('secured', lock)
      }
      this.#become('unlocked')
      // All of it, also of a card that was here before: the card counts no changes, and under the numbers of files that it
      // lists there may be others than before. To read them costs what it costs to see whether they changed.
      this.#take(await card.inventory())
      await this.#keeper.learn(this, card)
      this.#become('ready')
    } catch (error) {
      this.#goOffline(messageOf(error))
    }
  }

  /**
   * Does something with the card that it has been given by its pool.
   *
   * @param overlapping it may be under way beside others of this kind
   * @throws DeviceLostError if the device could not; HsmError KEY_NOT_USABLE
   */
  use<T>(work: (card: SmartCardHsm) => Promise<T>, overlapping: boolean): Promise<T> {
    return overlapping ? this.#queue.beside(() => this.#work(work)) : this.#queue.run(() => this.#work(work), never)
  }

  /**
   * Does something with the card when its turn comes, and nothing else meanwhile.
   *
   * @throws DeviceLostError if the device could not; HsmError KEY_NOT_USABLE, BUSY, TIMEOUT
   */
  run<T>(work: (card: SmartCardHsm) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#queue.run(() => this.#work(work), signal)
  }

  async #work<T>(work: (card: SmartCardHsm) => Promise<T>): Promise<T> {
    try {
      return await work(this.#card!)
    } catch (error) {
      if (isKeyRefusal(error)) {
        throw new HsmError('KEY_NOT_USABLE', `${this.id}: ${error.message}`, { cause: error })
      }
      if (!isDeviceFault(error)) throw error
      this.#goOffline(error.message)
      throw new DeviceLostError(error.message, { cause: error })
    }
  }

  /**
   * Takes the device out of service when what waits for it is done, and ends a log-in that opened it: who borrows it has to
   * log in himself. Authentications that did not open it yet stay.
   *
   * @param borrower in words, for others who ask
   * @returns the way to the card, nobody else's until `takeBack`, and whether the device was ready before
   * @throws HsmError TAKEN, NO_DEVICE, BUSY, TIMEOUT
   */
  async lend(borrower: string, signal: AbortSignal): Promise<LentDevice> {
    await this.#settled
    if (this.#state === 'lent') throw new HsmError('TAKEN', `${this.id} is ${this.#reason}`)
    if (this.#state === 'offline') throw new HsmError('NO_DEVICE', `${this.id} is offline: ${this.#reason}`)
    const wasReady = this.#state === 'ready'
    this.#become('lent', `lent to ${borrower} since ${new Date().toISOString()}`)
    try {
      await this.#queue.run(async () => (wasReady ? this.#card!.logout() : undefined), signal)
    } catch (error) {
      if (!isDeviceFault(error)) {
        this.takeBack(true)
        throw error
      }
      this.#goOffline(error.message)
      throw new HsmError('NO_DEVICE', error.message, { cause: error })
    }
    const channel: LentChannel = {
      atr: this.#channel.atr,
      transmit: commands => this.#queue.run(() => this.#channel.transmit(commands), never),
      reset: () => this.#queue.run(() => this.#channel.reset(), never),
    }
    return { channel, wasReady }
  }

  /**
   * Puts the device into service again, when the card has answered what it was sent.
   *
   * @param keepLogIn as open as it was left
   */
  takeBack(keepLogIn: boolean): void {
    if (this.#state === 'lent') this.#settled = this.#queue.idle().then(() => this.#comeUp(keepLogIn))
  }

  /**
   * Takes the card through its states anew when what waits for it is done: it was claimed, opened or changed.
   *
   * @param reason why its keys cannot be used meanwhile
   * @param keepLogIn as open as it is
   */
  restart(reason: string, keepLogIn = true): Promise<void> {
    this.#settled = this.#settled.then(async () => {
      if (this.#state === 'offline' || this.#state === 'lent') return
      this.#become('secured', reason)
      await this.#queue.idle()
      // It may have been lent meanwhile, and comes up again when it is given back.
      if (this.#reason !== reason) return
      this.#pin = undefined
      await this.#comeUp(keepLogIn)
    })
    return this.#settled
  }

  /** Takes note that the card's log-in has ended. */
  lock(reason: string): void {
    if (this.#state === 'ready') this.#become('secured', reason)
  }

  /** Ends the connection, or takes note that it has ended. What waits for the device is refused. */
  close(reason: string): void {
    this.#goOffline(reason)
  }

  /** Resolves when the card has come as far as it goes. */
  settled(): Promise<void> {
    return this.#settled
  }

  /** Resolves when nothing waits for the device. */
  idle(): Promise<void> {
    return this.#queue.idle()
  }

  /** @returns what has to happen before the device can be used; undefined if it is unlocked */
  async #unlock(card: SmartCardHsm): Promise<string | undefined> {
    const asked = performance.now()
    const found = await card.pinStatus()
    const { status } = found
    this.#roundTripMs = Math.min(this.#roundTripMs, performance.now() - asked)
    this.#pin = status
    if (status === 'verified') return undefined
    const keys = status === 'notAuthenticated' ? await card.authentication.status() : undefined
    if (keys) return `locked: ${keys.authenticated} of the ${keys.required} custodians that it takes are authenticated`
    const id = this.id!
    const pin = found.status === 'notVerified' ? await this.#keeper.pinOf(id, found.triesLeft) : undefined
    if (typeof pin === 'string') return pin
    if (pin === undefined) return lockWords(found)
    const outcome = await card.verifyPin(pin).finally(() => pin.fill(0))
    if (outcome.status === 'verified') {
      this.#pin = 'verified'
      this.#keeper.pinAccepted(id)
      return undefined
    }
    await this.#keeper.pinRefused(id, outcome)
    return `the PIN on record was not accepted: ${lockWords(outcome)}`
  }

  #take(inventory: Inventory): void {
    this.#inventory = inventory
    this.#held.take(inventory, { id: this.id!, defaultKeyDomain: this.defaultKeyDomain })
  }

  #become(state: DeviceState, reason?: string): void {
    if (this.#state === 'offline') throw new ChannelError('CLOSED', this.#reason ?? 'the device is offline')
    this.#state = state
    this.#reason = reason
    this.#keeper.changed(this)
  }

  /** @param returning nothing is wrong with the card */
  #goOffline(reason: string, { returning = false } = {}): void {
    if (this.#state === 'offline') return
    this.#state = 'offline'
    this.#reason = reason
    this.#returning = returning
    this.#queue.close(new DeviceLostError(reason))
    this.#channel.close(returning ? undefined : reason).catch(() => {
      // It is gone anyhow.
    })
    this.#keeper.changed(this)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
