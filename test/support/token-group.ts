/** A group of emulated tokens that share a key domain, plugged in and pulled at will, without any way between. */
import { once } from 'node:events'
import { type Channel, ChannelError } from '@keytether/card'
import { toHex } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import type { Caller, DeviceSession, Devices } from '@keytether/hsm'

const login = { credential: 'test', address: '127.0.0.1' }
const utf8 = new TextEncoder()
export const pin = utf8.encode('648219')
const soPin = utf8.encode('57621880')
const share = new Uint8Array(32).fill(0x5a)

export const caller: Caller = {
  ...{ principal: 'prn_test', name: 'tester', tenant: 'tnt_test', tags: [], login },
  roles: ['manager', 'operator'],
}

/** One token of the group, initialised and logged in. */
export class GroupToken {
  readonly path: string
  readonly #emulator: Emulator
  #channel: PlugChannel | undefined

  private constructor(emulator: Emulator, path: string) {
    this.#emulator = emulator
    this.path = path
  }

  static async make(): Promise<GroupToken> {
    const emulator = await Emulator.open({ store: memoryStore() })
    const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
    await card.initialize({ soPin, userPin: pin, dkekShares: 1 })
    await card.keyDomains.importShare(0, share)
    return new GroupToken(emulator, card.identity.path.replaceAll('/', '.'))
  }

  /** As its agent does, logged in. Resolves when the service can use it. */
  async plugIn(devices: Devices): Promise<DeviceSession> {
    const card = await SmartCardHsm.open(this.#emulator, { roots: [emulatorRoot] })
    await card.verifyPin(pin)
    this.#channel = new PlugChannel(this.#emulator)
    const device = devices.attach(this.#channel)
    while (device.state !== 'ready') {
      await once(devices.events, 'change')
      if (device.state === 'offline') throw new Error(device.reason)
    }
    return device
  }

  /** @param after how many more commands it answers */
  pull(after = 0): void {
    this.#channel?.pull(after)
  }

  /** Its key check value, as groups have it. */
  async keyDomain(): Promise<string> {
    const [domain] = await (await this.card()).keyDomains.list()
    return toHex(domain!.keyCheckValue).toUpperCase()
  }

  /** What is on it, past the service. */
  async card(): Promise<SmartCardHsm> {
    const card = await SmartCardHsm.open(this.#emulator, { roots: [emulatorRoot] })
    await card.verifyPin(pin)
    return card
  }
}

class PlugChannel implements Channel {
  readonly #inner: Channel
  #left = Number.POSITIVE_INFINITY

  constructor(inner: Channel) {
    this.#inner = inner
  }

  get atr(): Uint8Array {
    return this.#inner.atr
  }

  pull(after: number): void {
    this.#left = after
  }

  async transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const answers: Uint8Array[] = []
    for (const command of commands) {
      if (this.#left-- <= 0) throw new ChannelError('REMOVED', 'pulled')
      answers.push(...(await this.#inner.transmit([command])))
      // What it has done last, nobody hears of.
      if (this.#left <= 0) throw new ChannelError('REMOVED', 'pulled')
    }
    return answers
  }

  async reset(): Promise<Uint8Array> {
    if (this.#left <= 0) throw new ChannelError('REMOVED', 'pulled')
    return this.#inner.reset()
  }

  async close(): Promise<void> {
    this.#left = 0
  }
}
