/** A SmartCard-HSM behind any channel. */
import type { Channel, TrustRoot } from '@keytether/card'
import type {
  DataInfo,
  DecryptionScheme,
  DeviceStatus,
  Identity,
  Initialization,
  Inventory,
  KeyAttributes,
  KeyInfo,
  KeySpec,
  PinOutcome,
  PinRole,
  PinStatus,
  SignatureScheme,
  Version,
} from './types.ts'

export interface OpenOptions {
  /** The roots that a genuine device may descend from, such as `cardContactRoots`. */
  readonly roots: readonly TrustRoot[]
  /** Longest command and response in bytes that the card and the way to it take. Default 1232, the least of all cards. */
  readonly maximumApdu?: number
}

/**
 * One device. Calls may overlap: what they send goes out one batch after the other, so a batch is never torn apart.
 *
 * Every method can also throw `ChannelError` (the card is out of reach; what was outstanding may have happened),
 * `UnexpectedStatusError` and `DecodeError` (answers that a SmartCard-HSM does not give). PINs are taken as bytes that
 * stay the caller's: nothing keeps, logs or reports them.
 */
export class SmartCardHsm {
  declare readonly identity: Identity
  declare readonly version: Version
  /** What the device was initialised with, see `deviceOptions`. */
  declare readonly options: number
  /** Whether commands are protected by secure messaging. */
  declare readonly secure: boolean
  async openSecureChannel(): Promise<void> {
    throw new Error('to be done')
  }

  async deviceStatus(): Promise<DeviceStatus> {
    throw new Error('to be done')
  }

  async pinStatus(role?: PinRole): Promise<PinStatus> {
    throw new Error('to be done')
  }

  async verifyPin(pin: Uint8Array, options?: { readonly lastTry?: boolean }): Promise<PinOutcome> {
    throw new Error('to be done')
  }

  async changePin(role: PinRole, oldPin: Uint8Array, newPin: Uint8Array): Promise<PinOutcome> {
    throw new Error('to be done')
  }

  async resetRetryCounter(soPin: Uint8Array, newPin?: Uint8Array): Promise<PinOutcome> {
    throw new Error('to be done')
  }

  async initialize(initialization: Initialization): Promise<PinOutcome> {
    throw new Error('to be done')
  }

  async logout(): Promise<void> {
    throw new Error('to be done')
  }

  async random(length: number): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async inventory(): Promise<Inventory> {
    throw new Error('to be done')
  }

  async generateKeyPair(spec: KeySpec, attributes: KeyAttributes): Promise<KeyInfo> {
    throw new Error('to be done')
  }

  async sign(reference: number, algorithmId: number, input: Uint8Array): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async signHash(key: KeyInfo, scheme: SignatureScheme, hash: Uint8Array): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async decipher(reference: number, algorithmId: number, input: Uint8Array): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async decrypt(key: KeyInfo, scheme: DecryptionScheme, cryptogram: Uint8Array): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async ecdh(key: KeyInfo, point: Uint8Array): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async readCertificate(reference: number): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async writeCertificate(reference: number, certificate: Uint8Array): Promise<void> {
    throw new Error('to be done')
  }

  async deleteKey(reference: number): Promise<void> {
    throw new Error('to be done')
  }

  async addCertificate(label: string, certificate: Uint8Array, id?: Uint8Array): Promise<number> {
    throw new Error('to be done')
  }

  async removeCertificate(number: number): Promise<void> {
    throw new Error('to be done')
  }

  async addData(label: string, content: Uint8Array, options?: { readonly private?: boolean }): Promise<DataInfo> {
    throw new Error('to be done')
  }

  async readData(data: DataInfo): Promise<Uint8Array> {
    throw new Error('to be done')
  }

  async removeData(data: DataInfo): Promise<void> {
    throw new Error('to be done')
  }

  static async open(_channel: Channel, _options: OpenOptions): Promise<SmartCardHsm> {
    throw new Error('to be done')
  }
}
