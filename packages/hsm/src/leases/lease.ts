/** A device in the hands of who borrowed it: his alone, until he gives it back, leaves it lying or has had it too long. */
import { randomBytes } from 'node:crypto'
import { ChannelError } from '@keytether/card'
import { DeviceLostError, HsmError } from '../errors.ts'
import type { DeviceSession, LentChannel } from '../sessions/device-session.ts'

export interface LeaseTiming {
  /** How long nothing may be asked of the device. */
  readonly idleMs: number
  /** How long the device may be away. */
  readonly longestMs: number
}

export interface LeaseOptions {
  readonly device: DeviceSession
  /** Whether the device could be used by others before, and will be again. */
  readonly wasReady: boolean
  readonly borrower: string
  /** What the borrower has authenticated stays, though the device was locked before. */
  readonly keepLogIn: boolean
  readonly timing: LeaseTiming
  /** The lease is over, for this reason. */
  ended(lease: Lease, reason: string): void
}

export class Lease {
  /** Unguessable. */
  readonly id = randomBytes(18).toString('base64url')
  readonly since = new Date()
  readonly device: DeviceSession
  readonly wasReady: boolean
  readonly borrower: string
  readonly #channel: LentChannel
  readonly #options: LeaseOptions
  readonly #longest: NodeJS.Timeout
  #idle: NodeJS.Timeout | undefined
  /** Of the last exchange. */
  #number = 0
  #answers: Promise<Uint8Array[]> = Promise.resolve([])
  #running = false
  #reason: string | undefined

  constructor(channel: LentChannel, options: LeaseOptions) {
    this.device = options.device
    this.wasReady = options.wasReady
    this.borrower = options.borrower
    this.#channel = channel
    this.#options = options
    const { longestMs } = options.timing
    this.#longest = setTimeout(() => this.end(`it had lasted ${longestMs / 60_000} minutes`), longestMs)
    this.#wait()
  }

  get atr(): Uint8Array {
    return this.#channel.atr
  }

  /** Why it is over; undefined while it is not. */
  get reason(): string | undefined {
    return this.#reason
  }

  /**
   * Sends commands to the card. Nothing is sent for the number of the last exchange: its answers are given again, to who
   * did not get them. No commands: a sign of life.
   *
   * @param number 1 for the first exchange, and so on
   * @throws HsmError LEASE_ENDED, OUT_OF_TURN, BUSY
   */
  transmit(number: number, commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    return this.#once(number, async () => (commands.length === 0 ? [] : this.#channel.transmit(commands)))
  }

  /** Resets the card and gives its ATR; numbered as `transmit`. */
  async reset(number: number): Promise<Uint8Array> {
    const [atr] = await this.#once(number, async () => [await this.#channel.reset()])
    return atr!
  }

  /** Gives the device back. */
  end(reason: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    clearTimeout(this.#longest)
    clearTimeout(this.#idle)
    // A log-in opens the device to others who use its keys: that is as it was before, or the borrower said so.
    this.device.takeBack(this.wasReady || this.#options.keepLogIn)
    this.#options.ended(this, reason)
  }

  #once(number: number, exchange: () => Promise<Uint8Array[]>): Promise<Uint8Array[]> {
    // Who was cut off by its end in the middle of an exchange may still ask for the answers.
    if (number === this.#number && number > 0) return this.#answers
    if (this.#reason !== undefined) return Promise.reject(leaseEnded(this.#reason))
    if (number !== this.#number + 1) {
      const wanted = `wanted exchange ${this.#number + 1}, or ${this.#number} again`
      return Promise.reject(new HsmError('OUT_OF_TURN', `${wanted}, got ${number}`))
    }
    if (this.#running) return Promise.reject(new HsmError('BUSY', `exchange ${this.#number} is not over`))
    this.#number = number
    this.#answers = this.#run(exchange)
    return this.#answers
  }

  async #run(exchange: () => Promise<Uint8Array[]>): Promise<Uint8Array[]> {
    this.#running = true
    clearTimeout(this.#idle)
    try {
      return await exchange()
    } catch (error) {
      if (!(error instanceof ChannelError || error instanceof DeviceLostError)) throw error
      const reason = `the device was lost: ${error.message}`
      this.device.close(error.message)
      this.end(reason)
      throw leaseEnded(reason, error)
    } finally {
      this.#running = false
      if (this.#reason === undefined) this.#wait()
    }
  }

  #wait(): void {
    const { idleMs } = this.#options.timing
    this.#idle = setTimeout(() => this.end(`nothing was asked of the device for ${idleMs / 1000} s`), idleMs)
  }
}

function leaseEnded(reason: string, cause?: unknown): HsmError {
  return new HsmError('LEASE_ENDED', `the lease is over: ${reason}`, cause === undefined ? {} : { cause })
}
