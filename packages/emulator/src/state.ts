/** What a card keeps when it has no power, and its form in a store. */
import { type EcPublicKey, PublicKey } from '@keytether/card'
import {
  ascii,
  bytes,
  type Codec,
  choice,
  mapped,
  nothing,
  optional,
  sequenceOf,
  struct,
  tlv,
  tlvs,
  u8,
  u16,
  u32,
} from '@keytether/codec'
import { type DeviceIdentity, issueDevice } from './identity.ts'
import {
  type AsymmetricKey,
  type EcPrivateKey,
  type PrivateKey,
  privateKeyOf,
  type SecretKey,
  secretKeyOf,
  storedForm,
} from './keys/private-key.ts'
import type { Pin } from './pin.ts'

export interface CardKey {
  readonly privateKey: PrivateKey
  /** How often it may still be used; absent: without end. */
  readonly useCounter?: number | undefined
  /** What it may be used for; empty: everything that its type can do. */
  readonly algorithms: Uint8Array
  /** Index of the key domain that it is in; absent on a card without any. */
  readonly keyDomain?: number | undefined
}

export interface RegisteredKey {
  readonly holderReference: string
  /** With its domain parameters. */
  readonly publicKey: EcPublicKey
}

export interface PublicKeyAuthentication {
  /** Keys that can be registered, and how many of them open the card together. */
  readonly total: number
  readonly required: number
  /** By slot, from 0. */
  readonly keys: ReadonlyMap<number, RegisteredKey>
}

/** Set by initialisation. */
export interface Access {
  /** See `deviceOptions`. */
  readonly options: number
  /** The user PIN must be changed before it opens anything. */
  readonly transportPin: boolean
  /** Absent where only public keys open the card. */
  readonly userPin?: Pin | undefined
  readonly soPin: Pin
  /** Absent where a PIN alone opens the card. */
  readonly publicKeyAuthentication?: PublicKeyAuthentication | undefined
}

export interface KeyDomain {
  /** That its key is made of; none: the card has made it, or agrees on it within a group. */
  readonly shares: number
  /** How many of them are still missing. */
  readonly outstanding: number
  /** All shares so far in one; the key of the domain when none is missing. */
  readonly key?: Uint8Array | undefined
  /** x ‖ y of the group signer's key. */
  readonly uid?: Uint8Array | undefined
}

/** Never changed in place: a command that changes something leaves another one, which is stored before it is answered. */
export interface CardState {
  readonly identity: DeviceIdentity
  /** Absent until the card is initialised. */
  readonly access?: Access | undefined
  /** By key reference; the device key is not one of them. */
  readonly keys: ReadonlyMap<number, CardKey>
  /** Content by identifier; the device's certificates are not one of them. */
  readonly files: ReadonlyMap<number, Uint8Array>
  /** By index, and undefined where none is set up; absent if the card was initialised without. */
  readonly keyDomains?: readonly (KeyDomain | undefined)[] | undefined
}

export function freshState(): CardState {
  return { identity: issueDevice(), keys: new Map(), files: new Map() }
}

/** Much for a card, little for us: 255 keys of any kind fit in with their files. */
const capacity = 1024 * 1024

/** Bytes; negative if it does not fit. */
export function freeMemory({ keys, files }: CardState): number {
  let used = 0
  for (const { privateKey } of keys.values()) used += storedForm(privateKey).length
  for (const content of files.values()) used += content.length
  return capacity - used
}

const PrivateKeyFormat: Codec<AsymmetricKey> = mapped(bytes(), {
  write: key => key.pkcs8,
  read(pkcs8, input) {
    try {
      return privateKeyOf(pkcs8)
    } catch {
      return input.fail('VALUE', 'no private key')
    }
  },
})

const SecretKeyFormat: Codec<SecretKey> = mapped(bytes(), {
  write: ({ key }) => key,
  read: (key, input) => ([16, 24, 32].includes(key.length) ? secretKeyOf(key) : input.fail('VALUE', 'no AES key')),
})

const DeviceKeyFormat: Codec<EcPrivateKey> = mapped(PrivateKeyFormat, {
  write: key => key,
  read: (key, input) => (key.kind === 'ec' ? key : input.fail('VALUE', 'no EC key')),
})

const PinFormat = struct({ tries: u8, triesLeft: u8, value: bytes({ min: 6, max: 16 }) })

const EcPublicKeyFormat: Codec<EcPublicKey> = mapped(PublicKey, {
  write: key => key,
  read: (key, input) => (key.kind === 'ec' && key.domain ? key : input.fail('VALUE', 'no EC key')),
})

const RegisteredKeyFormat = tlvs({
  slot: tlv(0x80, u8),
  holderReference: tlv(0x81, ascii({ min: 1, max: 16 })),
  publicKey: tlv(0x7f49, EcPublicKeyFormat),
})

const PublicKeyAuthenticationFormat: Codec<PublicKeyAuthentication> = mapped(
  tlvs({
    total: tlv(0x80, u8),
    required: tlv(0x81, u8),
    keys: tlv(0xa2, sequenceOf(tlv(0xa0, RegisteredKeyFormat))),
  }),
  {
    write: ({ keys, ...rest }) => ({ ...rest, keys: [...keys].map(([slot, key]) => ({ slot, ...key })) }),
    read: ({ keys, ...rest }) => ({ ...rest, keys: new Map(keys.map(({ slot, ...key }) => [slot, key])) }),
  },
)

const AccessFormat = tlvs({
  options: tlv(0x80, u16),
  transportPin: tlv(0x81, mapped(u8, { write: Number, read: Boolean })),
  userPin: optional(tlv(0x82, PinFormat)),
  soPin: tlv(0x83, PinFormat),
  publicKeyAuthentication: optional(tlv(0xa4, PublicKeyAuthenticationFormat)),
})

const IdentityFormat = tlvs({
  holderReference: tlv(0x80, ascii({ min: 8, max: 16 })),
  privateKey: tlv(0x81, DeviceKeyFormat),
  certificates: tlv(0x82, bytes()),
})

const KeyFormat: Codec<CardKey & { readonly reference: number }> = mapped(
  tlvs({
    reference: tlv(0x80, u8),
    asymmetricKey: optional(tlv(0x81, PrivateKeyFormat)),
    useCounter: optional(tlv(0x82, u32)),
    algorithms: tlv(0x83, bytes({ max: 16 })),
    keyDomain: optional(tlv(0x84, u8)),
    secretKey: optional(tlv(0x85, SecretKeyFormat)),
  }),
  {
    write: ({ privateKey, ...rest }) =>
      privateKey.kind === 'aes' ? { ...rest, secretKey: privateKey } : { ...rest, asymmetricKey: privateKey },
    read({ asymmetricKey, secretKey, ...rest }, input) {
      const privateKey = asymmetricKey ?? secretKey
      if (privateKey === undefined) return input.fail('VALUE', 'a reference without a key')
      return { ...rest, privateKey }
    },
  },
)

/** One after the other; a place without a domain is there too. */
const DomainFormat: Codec<KeyDomain | undefined> = mapped(
  choice({
    none: tlv(0x80, nothing),
    domain: tlv(
      0xa1,
      tlvs({
        shares: tlv(0x80, u8),
        outstanding: tlv(0x81, u8),
        key: optional(tlv(0x82, bytes(32))),
        uid: optional(tlv(0x83, bytes({ max: 132 }))),
      }),
    ),
  }),
  {
    write: domain => (domain ? { kind: 'domain', value: domain } : { kind: 'none', value: undefined }),
    read: ({ value }) => value,
  },
)

const FileFormat = struct({ fid: u16, content: bytes() })

export const StateFormat: Codec<CardState> = mapped(
  tlvs({
    identity: tlv(0xa0, IdentityFormat),
    access: optional(tlv(0xa1, AccessFormat)),
    keys: tlv(0xa2, sequenceOf(tlv(0xa0, KeyFormat))),
    files: tlv(0xa3, sequenceOf(tlv(0x80, FileFormat))),
    keyDomains: optional(tlv(0xa4, sequenceOf(DomainFormat))),
  }),
  {
    write: ({ keys, files, keyDomains, ...rest }) => ({
      ...rest,
      keys: [...keys].map(([reference, key]) => ({ reference, ...key })),
      files: [...files].map(([fid, content]) => ({ fid, content })),
      keyDomains: keyDomains && [...keyDomains],
    }),
    read: ({ keys, files, ...rest }) => ({
      ...rest,
      keys: new Map(keys.map(({ reference, ...key }) => [reference, key])),
      files: new Map(files.map(({ fid, content }) => [fid, content])),
    }),
  },
)
