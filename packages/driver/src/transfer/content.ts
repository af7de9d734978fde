/** Everything on a token as it can be put on another one: keys wrapped, and what is stored beside them. */

/** What a key answers to an algorithm whose answers depend on nothing but the key: by it a copy is known. */
export interface Answer {
  readonly algorithm: number
  readonly input: Uint8Array
  readonly output: Uint8Array
}

export interface StoredKey {
  /** On the token that it is from; absent if it was on none. */
  readonly reference?: number | undefined
  readonly id: Uint8Array
  readonly label: string
  readonly kind: 'EC' | 'RSA' | 'AES'
  readonly bits: number
  readonly curve?: string | undefined
  /** SubjectPublicKeyInfo, DER; absent for AES keys, and where it is not known. */
  readonly publicKey?: Uint8Array | undefined
  /** Uses that were left. */
  readonly useCounter?: number | undefined
  /** The wrapped key, see `KeyBlob`. */
  readonly blob?: Uint8Array | undefined
  /** Why there is none, in words. */
  readonly obstacle?: string | undefined
  /** Contents of the files C4 and CE. */
  readonly description?: Uint8Array | undefined
  readonly certificate?: Uint8Array | undefined
  /** Content of the file CB: the request of a key whose certificate has taken its place. */
  readonly metaData?: Uint8Array | undefined
  readonly answer?: Answer | undefined
}

/** A certificate that belongs to no key. */
export interface StoredCertificate {
  readonly number: number
  readonly label: string
  /** Content of the file C8. */
  readonly description?: Uint8Array | undefined
  readonly content: Uint8Array
}

export interface StoredData {
  readonly number: number
  readonly label: string
  readonly private?: true | undefined
  /** Content of the file C9. */
  readonly description?: Uint8Array | undefined
  readonly content?: Uint8Array | undefined
  /** Why the content is absent, in words. */
  readonly obstacle?: string | undefined
}

/** The key domains of the token that it is from are of interest to people alone: a wrapped key names its own. */
export interface TokenContent {
  readonly keys: readonly StoredKey[]
  readonly certificates: readonly StoredCertificate[]
  readonly data: readonly StoredData[]
}
