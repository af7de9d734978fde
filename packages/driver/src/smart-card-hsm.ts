/** A SmartCard-HSM behind any channel. */
import { type Channel, deviceOptions, type TrustRoot, type WrappedKeyFile } from '@keytether/card'
import { type AttestedKeys, attest } from './attest.ts'
import { Authentication } from './authentication.ts'
import { CardFiles } from './card-files.ts'
import { deriveKey } from './derive-key.ts'
import { describeToken } from './descriptions.ts'
import { deviceStatus, random, writeLabel } from './device.ts'
import { DriverError } from './errors.ts'
import { generateKeyPair } from './generate.ts'
import { Groups } from './groups.ts'
import { type Application, identify, openSecureMessaging, type Selected, selectCall } from './identify.ts'
import { readInventory } from './inventory.ts'
import { KeyDomains } from './key-domains.ts'
import { Link, type Watch } from './link.ts'
import {
  addCertificate,
  addData,
  deleteKey,
  readCertificate,
  readData,
  removeCertificate,
  removeData,
  writeCertificate,
} from './objects.ts'
import { expectOk } from './outcome.ts'
import {
  changePin,
  initialize,
  makeSessionPin,
  pinStatus,
  resetRetryCounter,
  type TryOptions,
  verifyPin,
} from './pin.ts'
import { type KeyUse, type Proof, proveKey } from './prove.ts'
import { SecretKeys } from './secret-keys.ts'
import type {
  DataInfo,
  DecryptionScheme,
  DerivedKeyAttributes,
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
  UnwrapOptions,
  Version,
} from './types.ts'
import { decipher, decrypt, ecdh, sign, signHash } from './use-key.ts'
import { unwrap, unwrapKey, wrapKey } from './wrap.ts'

export interface OpenOptions {
  /** The roots that a genuine device may descend from, such as `cardContactRoots`. */
  readonly roots: readonly TrustRoot[]
  /** Longest command and longest answer in bytes that card and channel take. Default 1232, what all current cards do. */
  readonly maximumApdu?: number
  /**
   * Do not select the application if it is selected already: selecting ends a log-in, and who held the card before may have
   * logged in on purpose. Default false.
   */
  readonly keepLogIn?: boolean
  /** Told of all that goes to the card and comes back, in the clear: PINs and keys as well. */
  readonly watch?: Watch
}

const smallestMaximumApdu = 1232

/**
 * One device. Calls may overlap: uses of keys and random numbers are on their way to the card together and done in the order
 * of the calls; anything else runs when all before it has ended, and to its own end before the next begins.
 *
 * Beside what each method says, all throw `ChannelError` when the card is out of reach (what was outstanding may have
 * happened), `UnexpectedStatusError` or `DecodeError` for answers that a SmartCard-HSM does not give, `DriverError`
 * `SECURE_CHANNEL` when secure messaging broke, and `RangeError` for arguments that cannot be. PINs are bytes that stay the
 * caller's: they are not kept, nor are they in any error.
 */
export class SmartCardHsm {
  readonly identity: Identity
  readonly version: Version
  readonly secretKeys: SecretKeys
  readonly keyDomains: KeyDomains
  readonly groups: Groups
  /** Keys that open the device, instead of the PIN or together with it. */
  readonly authentication: Authentication
  readonly files: CardFiles
  readonly #link: Link
  #options: number | undefined

  private constructor(link: Link, { identity, version, options }: Application) {
    this.identity = identity
    this.version = version
    this.secretKeys = new SecretKeys(link)
    this.keyDomains = new KeyDomains(link)
    this.groups = new Groups(link, identity, version)
    this.authentication = new Authentication(link, identity, version)
    this.files = new CardFiles(link, version)
    this.#link = link
    this.#options = options
  }

  /**
   * Selects the application and verifies the certificates of the device up to one of the roots. The channel stays the
   * caller's, to be closed by him. One round trip; with `keepLogIn` two if the application was not selected.
   *
   * @throws DriverError `NOT_A_SMARTCARD_HSM`, `UNKNOWN_ROOT` or `NOT_GENUINE`
   */
  static async open(channel: Channel, options: OpenOptions): Promise<SmartCardHsm> {
    const link = new Link(channel, options.maximumApdu ?? smallestMaximumApdu, options.watch)
    return new SmartCardHsm(link, await identify(link, options.roots, options.keepLogIn ?? false))
  }

  /** What the device was initialised with, see `deviceOptions`; unknown if `keepLogIn` found the application selected, until `logout`. */
  get options(): number | undefined {
    return this.#options
  }

  /** Whether commands are protected by secure messaging. */
  get secure(): boolean {
    return this.#link.secure
  }

  /**
   * Has the chip prove that it holds the key of its certificate, and protects all further commands with what comes of that.
   * Needs no PIN; a log-in stays. To be called again when the channel broke. One round trip.
   *
   * @throws DriverError `NOT_GENUINE` if the chip does not hold the key; `NOT_SUPPORTED` if it does not do this with AES, and
   *   commands then stay in the clear, unless they have been protected before: in that case nothing more is sent
   */
  openSecureChannel(): Promise<void> {
    return this.#link.alone(link => openSecureMessaging(link, this.identity))
  }

  /** Free memory and version. Cards before 2.4 cannot say it. */
  deviceStatus(): Promise<DeviceStatus> {
    return this.#link.alone(link => deviceStatus(link, this.version))
  }

  /** Whether the PIN is presented, and if not, how many tries are left. Spends none. */
  pinStatus(role: PinRole = 'user'): Promise<PinStatus> {
    return this.#link.alone(link => pinStatus(link, this.version, role))
  }

  /**
   * Presents the user PIN, 6 to 16 bytes, after asking how many tries are left: the last one is only spent with `lastTry`.
   * Never repeats itself. Two round trips.
   */
  verifyPin(pin: Uint8Array, options: TryOptions = {}): Promise<PinOutcome> {
    return this.#link.alone(link => verifyPin(link, this.version, pin, options))
  }

  /**
   * Changes a PIN: the user's, 6 to 16 bytes, or the security officer's, 8 bytes. Tries are guarded as in `verifyPin`; only of
   * a transport PIN the card does not say how many are left.
   */
  changePin(role: PinRole, oldPin: Uint8Array, newPin: Uint8Array, options: TryOptions = {}): Promise<PinOutcome> {
    return this.#link.alone(link => changePin(link, this.version, role, oldPin, newPin, options))
  }

  /**
   * Has the card make a PIN that `verifyPin` takes as well, so that the user PIN need not be kept. A reset ends it, or what else
   * the options of the device say. Through the secure channel, after log-in.
   */
  makeSessionPin(): Promise<Uint8Array> {
    return this.#link.alone(makeSessionPin)
  }

  /** Unblocks the user PIN and, if one is given, sets a new one. The tries of the security officer's PIN are guarded. */
  resetRetryCounter(soPin: Uint8Array, newPin?: Uint8Array, options: TryOptions = {}): Promise<PinOutcome> {
    return this.#link.alone(link => resetRetryCounter(link, this.version, soPin, newPin, options))
  }

  /**
   * Erases all keys, files and key domains, and sets PINs and options. `verified` says that it was done, and with a label
   * also that the user PIN is presented. Spending the last try of the security officer's PIN can end the device's life.
   */
  async initialize(initialization: Initialization, options: TryOptions = {}): Promise<PinOutcome> {
    const { label, ...parameters } = initialization
    if (label !== undefined && (parameters.options ?? 0) & deviceOptions.transportPin) {
      throw new RangeError('a label cannot be written while the PIN is a transport PIN; write it later')
    }
    if (label !== undefined && parameters.publicKeyAuthentication) {
      throw new RangeError('a label cannot be written before keys are registered and authenticated; write it then')
    }
    // A label that there is no room for is refused before anything is erased.
    if (label !== undefined) describeToken(label)
    return this.#link.alone(async link => {
      const outcome = await initialize(link, this.version, parameters, options)
      if (outcome.status !== 'verified') return outcome
      this.#options = parameters.options ?? deviceOptions.resetRetryCounter
      if (label !== undefined) await this.#firstLabel(link, parameters.userPin!, label)
      return outcome
    })
  }

  async #firstLabel(link: Link, pin: Uint8Array, label: string): Promise<void> {
    try {
      const outcome = await verifyPin(link, this.version, pin, { lastTry: true })
      if (outcome.status !== 'verified')
        throw new DriverError('MALFORMED', `the new PIN is not taken: ${outcome.status}`)
      await writeLabel(link, label)
    } catch (cause) {
      throw new DriverError('INCOMPLETE', 'the device is initialised, but its label was not written; write it again', {
        cause,
      })
    }
  }

  /** Names the token. After log-in. */
  writeLabel(label: string): Promise<void> {
    return this.#link.alone(link => writeLabel(link, label))
  }

  /** Ends the log-in. Secure messaging ends with it and is opened again if it was open. */
  logout(): Promise<void> {
    return this.#link.alone(async link => {
      const selected = ([outcome]: [Selected]) => {
        this.#options = expectOk(outcome, 'log out')?.version?.options
      }
      if (link.secure) {
        await link.runPlain([selectCall()], outcomes => void selected(outcomes))
        await openSecureMessaging(link, this.identity)
      } else selected(await link.run([selectCall()]))
    })
  }

  /** 1 to 65,535 random bytes from the chip. */
  random(length: number): Promise<Uint8Array> {
    return this.#link.overlapping(link => random(link, length))
  }

  /**
   * All keys, certificates and data objects. Needs no PIN. Two round trips for some 35 keys, and one more for each further
   * 25; then as many as the longest certificate takes answers beyond its first.
   */
  inventory(): Promise<Inventory> {
    return this.#link.alone(link => readInventory(link, this.version))
  }

  /**
   * Makes a key pair on the card, checks that the device has signed for it, and writes a description that other software
   * understands. After log-in; RSA keys take the card up to minutes.
   *
   * @throws DriverError `NOT_ATTESTED` if the device has not signed for the key; `INCOMPLETE` if there is a key, but without
   *   description; `REFERENCE_TAKEN`, `NO_FREE_REFERENCE`, `NOT_LOGGED_IN`, `NOT_SUPPORTED`, `OUT_OF_MEMORY`: there is none
   */
  generateKeyPair(spec: KeySpec, attributes: KeyAttributes): Promise<KeyInfo> {
    return this.#link.alone(link => generateKeyPair(link, this.version, this.identity, spec, attributes))
  }

  /**
   * Makes an EC key whose private number is that of another one and the parameter, a big-endian number; the public key
   * follows from the other one's, and is proven by two signatures of the new key, which count as uses, where it may sign.
   * Who knows the parameter and one of the private keys knows the other. The device does not vouch for the new key.
   *
   * @throws DriverError as `sign` and `generateKeyPair` do; `MALFORMED` if the new key is not the one that was computed
   */
  deriveKey(key: KeyInfo, parameter: Uint8Array, attributes: DerivedKeyAttributes): Promise<KeyInfo> {
    return this.#link.alone(link => deriveKey(link, this.identity, key, parameter, attributes))
  }

  /**
   * Signs with any algorithm of the card, see `algorithm`: a hash, or a message that one command can carry. ECDSA signatures
   * are DER. One command, after log-in.
   *
   * @throws DriverError `NOT_LOGGED_IN`, `KEY_NOT_FOUND`, `KEY_EXHAUSTED`, `ALGORITHM_NOT_ALLOWED`, `WRONG_DATA`
   */
  sign(reference: number, algorithmId: number, input: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => sign(link, reference, algorithmId, input))
  }

  /** Signs a hash; RSA schemes take SHA-1 and SHA-2 hashes, told apart by their length. Otherwise as `sign`. */
  signHash(key: KeyInfo, scheme: SignatureScheme, hash: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => signHash(link, key, scheme, hash))
  }

  /** Deciphers or agrees with any algorithm of the card, and returns its answer as it is. Otherwise as `sign`. */
  decipher(reference: number, algorithmId: number, input: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => decipher(link, reference, algorithmId, input))
  }

  /** The message in an RSA cryptogram. `WRONG_DATA` does not tell what is wrong with one. Otherwise as `sign`. */
  decrypt(key: KeyInfo, scheme: DecryptionScheme, cryptogram: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => decrypt(link, key, scheme, cryptogram))
  }

  /** The secret shared with the holder of a point 04 ‖ x ‖ y: x of the shared point, of field size. Otherwise as `sign`. */
  ecdh(key: KeyInfo, point: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => ecdh(link, key, point))
  }

  /**
   * The key, encrypted under its key domain, with what is stored beside it. After log-in.
   *
   * @throws DriverError `KEY_NOT_FOUND`, `DOMAIN_INCOMPLETE`, `NO_KEY_DOMAIN`; `ALGORITHM_NOT_ALLOWED` if it is not to leave
   */
  wrapKey(reference: number): Promise<WrappedKeyFile> {
    return this.#link.alone(link => wrapKey(link, this.version, reference))
  }

  /**
   * Takes a wrapped key in, with what was stored beside it, and uses it once to see that it is the key of its certificate. An
   * attempt that was interrupted leaves no key behind, and is completed by the next. After log-in.
   *
   * @throws DriverError `OTHER_DOMAIN` if the device does not have the key's domain; `REFERENCE_TAKEN` if it has the key, or
   *   another under this reference; `WRONG_DATA` if it is no wrapped key, or not that of its certificate; `INCOMPLETE`
   */
  unwrapKey(wrapped: WrappedKeyFile, options: UnwrapOptions = {}): Promise<KeyInfo> {
    return this.#link.alone(link => unwrapKey(link, this.version, wrapped, options))
  }

  /** The key of a blob alone, without what belongs to it. Otherwise as `unwrapKey`. */
  unwrap(reference: number, blob: Uint8Array): Promise<void> {
    return this.#link.alone(link => unwrap(link, reference, blob))
  }

  /**
   * Uses a key once, to see that it is the one of its certificate. After log-in.
   *
   * @param use default: whichever it is allowed
   */
  proveKey(key: KeyInfo, use?: KeyUse): Promise<Proof> {
    return this.#link.alone(link => proveKey(link, key, use))
  }

  /** What is stored beside a key: X.509, or the request (67) that the card made. `FILE_NOT_FOUND` if nothing is. */
  readCertificate(reference: number): Promise<Uint8Array> {
    return this.#link.alone(link => readCertificate(link, this.version, reference))
  }

  /**
   * Stores the X.509 certificate (DER) of a key in place of what is there. After log-in. The card's request is kept elsewhere.
   *
   * @returns whether the card has a request of the key afterwards, so that `attest` can show it
   * @throws DriverError `WRONG_DATA` if it is for another public key, `INCOMPLETE` if what was there is gone and it is not
   */
  writeCertificate(reference: number, certificate: Uint8Array): Promise<boolean> {
    return this.#link.alone(link => writeCertificate(link, this.version, reference, certificate))
  }

  /**
   * What shows that keys were made in this device: their requests and its certificates, of some keys or of all. Needs no PIN.
   * Two round trips, and one more where certificates are stored in place of requests.
   *
   * @throws DriverError `KEY_NOT_FOUND`
   */
  attest(references?: readonly number[]): Promise<AttestedKeys> {
    return this.#link.alone(link => attest(link, this.version, this.identity, references))
  }

  /** Deletes a key, its description and its certificate, or what there is of them. After log-in. */
  deleteKey(reference: number): Promise<void> {
    return this.#link.alone(link => deleteKey(link, reference))
  }

  /** Stores a certificate that belongs to no key of the device, and returns its number. After log-in. */
  addCertificate(label: string, certificate: Uint8Array, id?: Uint8Array): Promise<number> {
    return this.#link.alone(link => addCertificate(link, label, certificate, id))
  }

  /** After log-in. `FILE_NOT_FOUND` if there is none of this number. */
  removeCertificate(number: number): Promise<void> {
    return this.#link.alone(link => removeCertificate(link, number))
  }

  /** Stores a data object, which if private can only be read after log-in. After log-in. */
  addData(label: string, content: Uint8Array, options: { readonly private?: boolean } = {}): Promise<DataInfo> {
    return this.#link.alone(link => addData(link, label, content, options.private ?? false))
  }

  /** `NOT_LOGGED_IN` for private objects before log-in. */
  readData(data: DataInfo): Promise<Uint8Array> {
    return this.#link.alone(link => readData(link, this.version, data))
  }

  /** After log-in. `FILE_NOT_FOUND` if it is not there any more. */
  removeData(data: DataInfo): Promise<void> {
    return this.#link.alone(link => removeData(link, data))
  }
}
