/** Keys as applications see them: one key, and the devices that hold an instance of it. */
import type { DeviceSession } from './device-session.ts'
import type { HeldKey } from './held-keys.ts'

/** What one device holds of a key. */
export interface KeyInstance extends HeldKey {
  readonly device: DeviceSession
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
