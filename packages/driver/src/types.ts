/** The values that a SmartCard-HSM is described with. */
import type { Certificate, EcPublicKey, PublicKey } from '@keytether/card'

export interface Identity {
  /** Root, issuer and device, without their sequence numbers: `DESRCACC1/DESCHSMCA/DENK0105702`. */
  readonly path: string
  /** Holder reference of the device certificate; what the device key signs names it as authority. */
  readonly holderReference: string
  /** Whose root the chain leads to: CardContact's for production or for tests, or one of our own. */
  readonly root: 'production' | 'test' | 'own'
  readonly rootReference: string
  /** The key that the certificate names, with its curve; secure messaging proves that the chip holds it. */
  readonly devicePublicKey: EcPublicKey
  /** The device's certificate first, then those of its issuers, as the card presents them. */
  readonly chain: readonly Certificate[]
}

export interface Version {
  readonly major: number
  readonly minor: number
  /** 00 SmartCard-HSM, 01 demonstration version. */
  readonly type: number
}

export type PinRole = 'user' | 'so'

/** Whether a PIN has been presented, and if not, whether it can be. */
export type PinStatus =
  | { readonly status: 'verified' }
  | { readonly status: 'notVerified'; readonly triesLeft: number }
  | { readonly status: 'blocked' }
  /** The PIN was given out by the issuer and must be changed before anything else. */
  | { readonly status: 'transportPin' }
  | { readonly status: 'notInitialized' }
  /** Public keys open the device, and not enough of them have been authenticated. */
  | { readonly status: 'notAuthenticated' }

/** What came of presenting a PIN. */
export type PinOutcome =
  | { readonly status: 'verified' }
  | { readonly status: 'wrongPin'; readonly triesLeft: number }
  /** Nothing was presented: one try is left, and the caller did not say to spend it. */
  | { readonly status: 'lastTry'; readonly triesLeft: number }
  | { readonly status: 'blocked' }
  | { readonly status: 'transportPin' }
  | { readonly status: 'notInitialized' }
  | { readonly status: 'notAuthenticated' }
  | { readonly status: 'wrongLength' }
  /** The device's options forbid it. */
  | { readonly status: 'notAllowed' }

export interface KeyInfo {
  /** 1 to 255: what the card knows the key by. */
  readonly reference: number
  /** PKCS #15 iD. */
  readonly id: Uint8Array
  readonly label: string
  readonly kind: 'EC' | 'RSA' | 'AES'
  /** Size of the field, the modulus or the key; 0 where it cannot be told. */
  readonly bits: number
  /** Name of the curve, such as `secp256r1`; absent for curves that have none here. */
  readonly curve?: string
  /** From the certificate or request; absent for AES keys, and where neither can be read. */
  readonly publicKey?: PublicKey
  /** What is stored beside the key: an X.509 certificate, or the request (67) that the card made with the key. */
  readonly certificate?: Uint8Array
  readonly certificateKind?: 'x509' | 'request'
  /** Uses left; absent if they are not counted. */
  readonly useCounter?: number
  /** Identifiers of the allowed algorithms; empty: all that the key's type has. */
  readonly algorithms: readonly number[]
  /** Index of the key domain on this device; absent: made outside any. */
  readonly keyDomain?: number
  /** What could not be read or understood, in words for an administrator. */
  readonly warnings: readonly string[]
}

/** A certificate that belongs to no key of the device. */
export interface CertificateInfo {
  readonly number: number
  readonly id: Uint8Array
  readonly label: string
  readonly certificate: Uint8Array
  readonly warnings: readonly string[]
}

export interface DataInfo {
  readonly number: number
  readonly label: string
  /** Read only after log-in. */
  readonly private: boolean
  readonly warnings: readonly string[]
}

/** A domain inside which keys can be copied between devices. */
export interface KeyDomainInfo {
  readonly index: number
  /** Key shares: how many there are, and how many of them are still missing; 0 and 0 for a group domain. */
  readonly shares: number
  readonly outstanding: number
  /** Eight bytes; zero while shares are outstanding. */
  readonly keyCheckValue: Uint8Array
  /** X ‖ Y of the group signer's key, for domains made by key agreement. */
  readonly uid?: Uint8Array
}

export interface Inventory {
  /** Label of the token. */
  readonly label: string
  readonly keys: readonly KeyInfo[]
  readonly certificates: readonly CertificateInfo[]
  readonly data: readonly DataInfo[]
  readonly keyDomains: readonly KeyDomainInfo[]
}

export type KeySpec =
  | { readonly kind: 'ec'; readonly curve: string }
  | { readonly kind: 'rsa'; readonly bits: number; readonly exponent?: number }

export interface KeyAttributes {
  readonly label: string
  /** PKCS #15 iD; default the SHA-1 hash of the public key's X coordinate or modulus, of an AES key at random. */
  readonly id?: Uint8Array
  /** 1 to 255; default the lowest that is free. */
  readonly reference?: number
  /** Identifiers of the algorithms to allow, at most 16; default all. */
  readonly algorithms?: readonly number[]
  readonly useCounter?: number
  readonly keyDomain?: number
}

/** A derived key has the algorithms, the uses left and the key domain of the key that it is derived from. */
export type DerivedKeyAttributes = Pick<KeyAttributes, 'label' | 'id' | 'reference'>

/** Where an unwrapped key goes, and what it is called there. */
export interface UnwrapOptions {
  /** 1 to 255; default: where it was before if that is free, else the lowest that is. */
  readonly reference?: number
  /** Default: as before. */
  readonly label?: string
  /** Content for the file CB, which stays as it is without. */
  readonly metaData?: Uint8Array
}

export type SignatureScheme = 'ECDSA' | 'RSA_PKCS1' | 'RSA_PSS'

/** How an RSA cryptogram is padded. The OAEP hash is also that of its mask generation function. */
export type DecryptionScheme =
  | { readonly kind: 'PKCS1' }
  | { readonly kind: 'OAEP'; readonly hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512'; readonly label?: Uint8Array }

/** @see deviceOptions of `@keytether/card` for the bits of `options` */
export interface Initialization {
  /** 8 bytes: the initialisation code. The first initialisation sets it, later ones must present it. */
  readonly soPin: Uint8Array
  /** 6 to 16 bytes. Absent where keys alone open the device; one given then is only used with `combinedAuthentication`. */
  readonly userPin?: Uint8Array
  /** How many keys can be registered, 1 to 90, and how many of them, authenticated in one session, open the device. */
  readonly publicKeyAuthentication?: { readonly total: number; readonly required: number }
  /** Default: the user PIN can be reset by the security officer. */
  readonly options?: number
  /** Tries before the PIN is blocked: up to 3 for a PIN of 6 bytes, 5 for 7, 10 for more. Default 3. */
  readonly pinTries?: number
  /** Number of key shares of the one key domain; 0: the card makes the domain's key, and nobody else has it. */
  readonly dkekShares?: number
  /** Number of key domains, to be set up later; not together with `dkekShares`. */
  readonly keyDomains?: number
  /** Name of the token; written after presenting the new user PIN, so not with a transport PIN or where keys are needed. */
  readonly label?: string
}

export interface DeviceStatus {
  /** Bytes. */
  readonly freeMemory: number
  readonly version: Version
}
