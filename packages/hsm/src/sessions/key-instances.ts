/** Keys as applications see them: one key, and the devices that hold an instance of it. */
import { toHex } from '@keytether/codec'
import type { KeyDomainInfo, KeyInfo } from '@keytether/driver'
import type { DeviceSession } from './device-session.ts'

/** What one device holds of a key. */
export interface KeyInstance {
  readonly device: DeviceSession
  /** The PKCS #15 iD, upper-case hexadecimal. */
  readonly id: string
  readonly keyDomain: string
  readonly info: KeyInfo
  /** Equal for instances of one key: the public key, or for a secret key its type and domain. */
  readonly identity: string
}

/** One key: the instances agree in id and public key. */
export interface Key {
  readonly id: string
  /** At least one; that of the device which became ready first comes first. */
  readonly instances: readonly [KeyInstance, ...KeyInstance[]]
}

export interface KeyDomain {
  /** The key check value or the unique id of the domain; of keys outside any domain, the device's own. */
  readonly id: string
  readonly devices: readonly DeviceSession[]
  readonly keys: readonly Key[]
}

export function keyInstance(device: DeviceSession, info: KeyInfo, keyDomain: string): KeyInstance {
  return { device, id: hexId(info.id), keyDomain, info, identity: identityOf(info, keyDomain) }
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

/** Instances put together to keys. Two different keys of the same id stay two keys. */
export function keysOf(instances: readonly KeyInstance[]): Key[] {
  const [first, ...others] = instances
  if (first === undefined) return []
  // As it nearly always is where a key is used.
  if (others.every(({ id, identity }) => id === first.id && identity === first.identity))
    return [{ id: first.id, instances: [first, ...others] }]
  const keys = new Map<string, [KeyInstance, ...KeyInstance[]]>()
  for (const instance of instances) {
    const name = `${instance.id} ${instance.identity}`
    const known = keys.get(name)
    if (known) known.push(instance)
    else keys.set(name, [instance])
  }
  return [...keys.values()].map(all => ({ id: all[0].id, instances: all }))
}

/** See `KeyInstance.identity`. */
export function identityOf(info: Pick<KeyInfo, 'kind' | 'bits' | 'publicKey'>, keyDomain: string): string {
  const { publicKey } = info
  if (publicKey === undefined) return `${info.kind} ${info.bits} ${keyDomain}`
  return `${info.kind} ${toHex(publicKey.kind === 'rsa' ? publicKey.n : publicKey.q)}`
}
