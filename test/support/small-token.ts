/**
 * A SmartCard-HSM in miniature, with everything about it open to the test: what an application finds on it, how often it
 * was asked, and when it fails. It signs with RSA keys; of EC keys the signatures are none.
 */
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, privateEncrypt, sign } from 'node:crypto'
import {
  AuthenticateChip,
  type Channel,
  ChannelError,
  type CommandApdu,
  chipHandshake,
  DeviceStatus,
  decodeCommand,
  EnumerateObjects,
  encodeResponse,
  fid,
  fileId,
  issueRequest,
  PrivateKeyDescription,
  type PublicKey,
  publicKeyOf,
  QueryKeyDomain,
  ReadBinary,
  type SecureMessaging,
  SelectApplication,
  SelectFile,
  SetSecureMessaging,
  Sign,
  sw,
  Verify,
} from '@keytether/card'
import { encode, fromHex } from '@keytether/codec'
import type { DeviceIdentity, TestKey } from './device-identity.ts'

export interface SmallKey {
  readonly id: string
  readonly label?: string
  readonly key: KeyObject
  readonly useCounter?: number
  readonly algorithms?: Uint8Array
  readonly keyDomain?: number
}

export interface SmallTokenOptions {
  readonly identity: DeviceIdentity
  readonly keys?: readonly SmallKey[]
  /** The application is selected and the user logged in, as an agent leaves it. Default true. */
  readonly loggedIn?: boolean
  /** The key that the chip has, if not the one of its certificate. */
  readonly chip?: TestKey
  readonly domains?: readonly SmallDomain[]
}

export interface SmallDomain {
  readonly shares: number
  readonly outstanding: number
  readonly keyCheckValue: Uint8Array
  readonly uid: Uint8Array
}

const noData = new Uint8Array()
export const smallTokenPin = '648219'

export class SmallToken implements Channel {
  readonly atr = fromHex('3BDE96FF8191FE1FC38031815448534D3173802140810792')
  /** How many commands each transmission had. */
  readonly transmissions: number[] = []
  readonly #options: SmallTokenOptions
  readonly #files = new Map<number, Uint8Array>()
  #selected: boolean
  #messaging: SecureMessaging | undefined
  #last: Promise<unknown> = Promise.resolve()
  /** What the channel throws from now on. */
  failure: ChannelError | undefined
  /** Signatures wait for it. */
  hold: Promise<void> = Promise.resolve()
  loggedIn: boolean
  triesLeft = 3
  closedWith: string | undefined

  constructor(options: SmallTokenOptions) {
    this.#options = options
    this.loggedIn = options.loggedIn ?? true
    this.#selected = this.loggedIn
    this.#files.set(fid.deviceCertificates, options.identity.certificates)
    for (const [index, key] of (options.keys ?? []).entries()) {
      this.#files.set(fileId('keyDescription', index + 1), describe(key))
      this.#files.set(fileId('keyCertificate', index + 1), request(key, options.identity))
    }
  }

  transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const answers = this.#last.then(() => this.#inTurn(commands))
    this.#last = answers.catch(() => {})
    return answers
  }

  async #inTurn(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    if (commands.some(command => command[1] === Sign.ins)) await this.hold
    if (this.failure) throw this.failure
    this.transmissions.push(commands.length)
    return commands.map(command => this.#carryOut(command))
  }

  async reset(): Promise<Uint8Array> {
    this.#messaging = undefined
    this.#selected = false
    this.loggedIn = false
    return this.atr
  }

  async close(reason?: string): Promise<void> {
    this.failure ??= new ChannelError('CLOSED', reason ?? 'closed')
    this.closedWith ??= reason
  }

  #carryOut(command: Uint8Array): Uint8Array {
    const { cla } = decodeCommand(command)
    const messaging = (cla & 0x0c) === 0x0c ? this.#messaging : undefined
    if (messaging === undefined) {
      this.#messaging = undefined
      return this.#answer(decodeCommand(command))
    }
    const inner = messaging.unprotectCommand(command)
    if (typeof inner === 'number') return encodeResponse({ data: noData, sw: inner })
    return messaging.protectResponse(this.#answer(decodeCommand(inner)))
  }

  #answer(apdu: CommandApdu): Uint8Array {
    if (SelectApplication.matches(apdu)) {
      this.#selected = true
      this.loggedIn = false
      return fromHex('620A 820178 85050001000401 9000')
    }
    if (!this.#selected) return status(sw.unknownInstruction)
    if (Verify.matches(apdu)) return this.#verify(Verify.decodeData(apdu))
    if (DeviceStatus.matches(apdu)) return fromHex('00010000 00 04 01 9000')
    if (SetSecureMessaging.matches(apdu)) return status(sw.ok)
    if (AuthenticateChip.matches(apdu)) return this.#authenticate(AuthenticateChip.decodeData(apdu).ephemeralKey)
    if (EnumerateObjects.matches(apdu)) {
      const keys = (this.#options.keys ?? []).map((_, index) => fileId('key', index + 1))
      return EnumerateObjects.encodeResponse({ status: 'ok', data: [fid.deviceKey, ...keys, ...this.#files.keys()] })
    }
    if (QueryKeyDomain.matches(apdu)) return this.#domain(apdu.p2)
    if (SelectFile.matches(apdu)) return this.#parameters(SelectFile.decodeData(apdu) & 0xff)
    if (ReadBinary.matches(apdu)) return this.#read(apdu)
    if (Sign.matches(apdu)) return this.#sign(apdu)
    return status(sw.unknownInstruction)
  }

  #verify(pin: Uint8Array): Uint8Array {
    if (pin.length > 0) {
      this.loggedIn = Buffer.from(pin).toString() === smallTokenPin
      this.triesLeft = this.loggedIn ? 3 : this.triesLeft - 1
    }
    return this.loggedIn ? status(sw.ok) : Verify.encodeResponse({ status: 'wrongPin', triesLeft: this.triesLeft })
  }

  #authenticate(ephemeralKey: Uint8Array): Uint8Array {
    const { agree } = this.#options.chip ?? this.#options.identity.key
    const { nonce, token, session } = chipHandshake(agree, ephemeralKey)
    this.#messaging = session
    return AuthenticateChip.encodeResponse({ status: 'ok', data: { nonce, token } })
  }

  #domain(index: number): Uint8Array {
    const data = this.#options.domains?.[index]
    return data ? QueryKeyDomain.encodeResponse({ status: 'ok', data }) : status(sw.wrongP1P2)
  }

  #parameters(reference: number): Uint8Array {
    const key = this.#options.keys?.[reference - 1]
    if (key === undefined) return status(sw.notFound)
    const { useCounter, algorithms, keyDomain } = key
    return SelectFile.encodeResponse({ status: 'ok', data: { key: { useCounter, algorithms, keyDomain } } })
  }

  #read(apdu: CommandApdu): Uint8Array {
    const content = this.#files.get(ReadBinary.decodeParams(apdu).fid)
    if (content === undefined) return status(sw.notFound)
    const { offset } = ReadBinary.decodeData(apdu)
    const end = offset + apdu.le!
    return ReadBinary.encodeResponse({
      status: end > content.length ? 'endOfFile' : 'ok',
      data: content.slice(offset, end),
    })
  }

  #sign(apdu: CommandApdu): Uint8Array {
    const key = this.#options.keys?.[apdu.p1 - 1]
    if (!this.loggedIn) return status(sw.securityNotSatisfied)
    if (key === undefined) return status(sw.notFound)
    if (key.useCounter === 0) return status(sw.referenceDataNotUsable)
    if (key.algorithms && !key.algorithms.includes(apdu.p2)) return status(sw.notSupported)
    if (key.key.asymmetricKeyType === 'ec') return fromHex('3006 020101 020101 9000')
    const data = privateEncrypt({ key: key.key, padding: constants.RSA_NO_PADDING }, apdu.data)
    return Sign.encodeResponse({ status: 'ok', data })
  }
}

export function rsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
}

export function ecKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
}

function status(word: number): Uint8Array {
  return encodeResponse({ data: noData, sw: word })
}

function describe({ id, label = `key ${id}`, key }: SmallKey): Uint8Array {
  const kind = key.asymmetricKeyType === 'ec' ? 'ec' : 'rsa'
  const bits = kind === 'ec' ? 256 : 1024
  return encode(PrivateKeyDescription, { kind, label, id: fromHex(id), usage: ['sign'], bits })
}

function request({ key }: SmallKey, { holderReference, key: device }: DeviceIdentity): Uint8Array {
  const publicKey: PublicKey = publicKeyOf(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  return issueRequest({
    body: { profile: 0, authorityReference: holderReference, publicKey, holderReference: 'ZZTEST000100001' },
    sign: message => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
    authorityReference: holderReference,
    authenticate: device.sign,
  })
}
