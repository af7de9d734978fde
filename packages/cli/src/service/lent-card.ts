/**
 * A card that a service lends, as a channel. Exchanges have numbers, so that one whose answer was lost can be asked for
 * again: the service sends the card nothing twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Channel, ChannelError, type ChannelErrorCode } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { CliError } from '../errors.ts'
import { ServiceClient, ServiceError } from './client.ts'
import type { ServiceAccess } from './options.ts'

export interface BorrowOptions {
  /** Its id or the last part of it; default: the only one. */
  readonly device?: string | undefined
  /** What is authenticated stays when the device is given back. */
  readonly keepLogIn: boolean
  readonly signal: AbortSignal
}

/** The service takes a device back that nobody has used for a minute. */
const aliveMs = 20_000
const attempts = 4
const pauseMs = 1_000
const farewellMs = 5_000

/** @throws CliError, SessionError, ServiceError */
export async function borrowCard(access: ServiceAccess, options: BorrowOptions): Promise<Channel> {
  const { device, keepLogIn, signal } = options
  const client = await ServiceClient.open(access)
  try {
    const name = device ?? (await onlyDevice(client, signal))
    const { lease, device: id, atr } = await client.lend(name, keepLogIn, signal)
    return new LentCard(client, lease, id, fromHex(atr))
  } catch (error) {
    client[Symbol.dispose]()
    throw error
  }
}

async function onlyDevice(client: ServiceClient, signal: AbortSignal): Promise<string> {
  const devices = (await client.devices(signal)).filter(({ state }) => state !== 'offline')
  const [device, ...more] = devices
  if (device === undefined) throw new CliError('notFound', 'no device is connected to the service')
  if (more.length === 0) return device.id
  const listed = devices.map(({ id }) => `there is ${id}`)
  throw new CliError('usage', 'several devices are connected: choose one with --device', listed)
}

class LentCard implements Channel {
  atr: Uint8Array
  readonly #client: ServiceClient
  readonly #lease: string
  readonly #device: string
  readonly #stop = new AbortController()
  #number = 0
  #turn: Promise<unknown> = Promise.resolve()
  #alive: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  constructor(client: ServiceClient, lease: string, device: string, atr: Uint8Array) {
    this.#client = client
    this.#lease = lease
    this.#device = device
    this.atr = atr
    this.#stayAlive()
  }

  async transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const sent = commands.map(toHex)
    return (await this.#inTurn(number => this.#client.transmit(this.#lease, number, sent, this.#stop.signal))).map(
      fromHex,
    )
  }

  async reset(): Promise<Uint8Array> {
    this.atr = fromHex(await this.#inTurn(number => this.#client.reset(this.#lease, number, this.#stop.signal)))
    return this.atr
  }

  close(): Promise<void> {
    this.#closing ??= this.#giveBack()
    return this.#closing
  }

  async #giveBack(): Promise<void> {
    clearTimeout(this.#alive)
    this.#stop.abort('the device was given back')
    // If this fails, the service takes it back by itself.
    await this.#client.giveBack(this.#lease, AbortSignal.timeout(farewellMs)).catch(() => {})
    this.#client[Symbol.dispose]()
  }

  #inTurn<T>(exchange: (number: number) => Promise<T | undefined>): Promise<T> {
    const result = this.#turn.then(async () => {
      clearTimeout(this.#alive)
      try {
        return await this.#carryOut(++this.#number, exchange)
      } catch (error) {
        throw this.#channelError(error)
      } finally {
        this.#stayAlive()
      }
    })
    this.#turn = result.catch(() => {})
    return result
  }

  async #carryOut<T>(number: number, exchange: (number: number) => Promise<T | undefined>): Promise<T> {
    for (let failures = 0; ; ) {
      try {
        const answer = await exchange(number)
        if (answer !== undefined) return answer
        failures = 0
      } catch (error) {
        if (!mayPass(error) || ++failures === attempts) throw error
        await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => {})
      }
    }
  }

  #stayAlive(): void {
    if (this.#stop.signal.aborted) return
    this.#alive = setTimeout(() => void this.transmit([]).catch(() => {}), aliveMs)
  }

  #channelError(error: unknown): unknown {
    if (!(error instanceof Error) || !('code' in error)) return error
    const code = channelCodes[String(error.code)] ?? 'TRANSPORT'
    return new ChannelError(code, `${this.#device}: ${error.message}`, { cause: error })
  }
}

const channelCodes: Record<string, ChannelErrorCode> = {
  LEASE_ENDED: 'REMOVED',
  UNKNOWN_LEASE: 'REMOVED',
  CANCELLED: 'CLOSED',
  TIMEOUT: 'TIMEOUT',
  NOT_A_SERVICE: 'PROTOCOL',
}

const ofTheWay = new Set(['NETWORK', 'CONNECT', 'TIMEOUT'])

/** The way to the service was interrupted, here or at a proxy. */
function mayPass(error: unknown): boolean {
  if (error instanceof ServiceError) return error.code === 'NOT_A_SERVICE' && error.status >= 502
  return error instanceof Error && error.name === 'SessionError' && ofTheWay.has((error as { code?: string }).code!)
}
