/** What one device holds: its keys, and the key domains that they belong to. */
import { toHex } from '@keytether/codec'
import { type Inventory, type KeyDomainInfo, type KeyInfo, keyDomainState } from '@keytether/driver'

export interface HeldKey {
  /** The PKCS #15 iD, upper-case hexadecimal. */
  readonly id: string
  readonly keyDomain: string
  readonly info: KeyInfo
  /** Equal for instances of one key: the public key, or for a secret key its type and domain. */
  readonly identity: string
}

export interface Holder {
  readonly id: string
  /** The domain of keys made outside any key domain. */
  readonly defaultKeyDomain: string
}

export class HeldKeys {
  #holder: Holder = { id: '', defaultKeyDomain: '' }
  #keys: readonly HeldKey[] = []
  #domains: readonly KeyDomainInfo[] = []
  /** Keys that are not what they are called. */
  readonly #others = new Set<string>()

  get all(): readonly HeldKey[] {
    return this.#keys
  }

  /** The ids of the key domains that were set up. */
  get domains(): readonly string[] {
    return this.#domains.flatMap(domain => domainId(domain) ?? [])
  }

  /** The index of each domain whose key is there, by the domain's id. */
  get completeDomains(): ReadonlyMap<string, number> {
    const complete = this.#domains.filter(domain => keyDomainState(domain) === 'complete')
    return new Map(complete.map(domain => [domainId(domain)!, domain.index]))
  }

  /** All of it, in place of what was known. */
  take({ keys, keyDomains }: Inventory, holder: Holder): void {
    this.#holder = holder
    this.#domains = keyDomains
    this.#keys = keys
      .map(info => heldKey(info, this.#domainOf(info.keyDomain)))
      .map(key => (this.#others.has(nameOf(key)) ? this.#asOther(key) : key))
  }

  /** A key is there now, in place of what was known under its reference. */
  note(info: KeyInfo): void {
    const others = this.#keys.filter(key => key.info.reference !== info.reference)
    const key = heldKey(info, this.#domainOf(info.keyDomain))
    this.#others.delete(nameOf(key))
    this.#keys = [...others, key]
  }

  /** @returns whether that was not known */
  noteOther(reference: number): boolean {
    const key = this.#keys.find(({ info }) => info.reference === reference)
    if (key === undefined || this.#others.has(nameOf(key))) return false
    this.#others.add(nameOf(key))
    this.#keys = this.#keys.map(one => (one === key ? this.#asOther(one) : one))
    return true
  }

  forget(reference: number): void {
    this.#keys = this.#keys.filter(key => key.info.reference !== reference)
  }

  #domainOf(index: number | undefined): string {
    const domain = this.#domains.find(one => one.index === index)
    return (domain && domainId(domain)) ?? this.#holder.defaultKeyDomain
  }

  #asOther(key: HeldKey): HeldKey {
    return { ...key, identity: `other than ${key.identity} on ${this.#holder.id}` }
  }
}

export function heldKey(info: KeyInfo, keyDomain: string): HeldKey {
  return { id: hexId(info.id), keyDomain, info, identity: identityOf(info, keyDomain) }
}

/** Upper-case hexadecimal, as ids are written. */
export function hexId(bytes: Uint8Array): string {
  return toHex(bytes).toUpperCase()
}

/** The unique id of a group domain or the key check value of a key-encryption-key domain; undefined until set up. */
export function domainId(domain: KeyDomainInfo): string | undefined {
  if (domain.uid !== undefined) return hexId(domain.uid)
  return domain.outstanding === 0 && domain.keyCheckValue.some(byte => byte !== 0)
    ? hexId(domain.keyCheckValue)
    : undefined
}

/** See `HeldKey.identity`. */
export function identityOf(info: Pick<KeyInfo, 'kind' | 'bits' | 'publicKey'>, keyDomain: string): string {
  const { publicKey } = info
  if (publicKey === undefined) return `${info.kind} ${info.bits} ${keyDomain}`
  return `${info.kind} ${toHex(publicKey.kind === 'rsa' ? publicKey.n : publicKey.q)}`
}

function nameOf({ info, id, identity }: HeldKey): string {
  return `${info.reference} ${id} ${identity}`
}
