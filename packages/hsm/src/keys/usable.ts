/** Which versions of a key may be used for what, and where: no question to the database, one look-up for each member. */
import type { KeyInfo } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { Caller } from '../principals/caller.ts'
import type { Pools } from '../scheduler/pools.ts'
import type { HeldKey } from '../sessions/held-keys.ts'
import type { NamedVersion } from '../sessions/signature.ts'
import type { Catalogue, CataloguedKey, KeyRow, VersionRow } from './catalogue.ts'

export type Purpose = 'sign' | 'encrypt' | 'mac' | 'derive' | 'decrypt' | 'verify'

export interface UsableKey {
  readonly key: KeyRow
  readonly version: VersionRow
  /** What members that are ready hold of it, by device id (certified path). At least one. */
  readonly instances: ReadonlyMap<string, KeyInfo>
}

/** States of NIST SP 800-57: what was protected while a key was active can be processed after it is deactivated. */
const states: Readonly<Record<Purpose, readonly VersionRow['state'][]>> = {
  sign: ['active'],
  encrypt: ['active'],
  mac: ['active'],
  derive: ['active'],
  decrypt: ['active', 'deactivated'],
  verify: ['active', 'deactivated'],
}

const retryAfterMs = 2_000

/**
 * @param version default the primary one
 * @throws HsmError NOT_FOUND, FORBIDDEN, WRONG_STATE, NO_DEVICE
 */
export function usable(
  { catalogue, pools }: { readonly catalogue: Catalogue; readonly pools: Pools },
  caller: Caller,
  nameOrId: string,
  purpose: Purpose,
  version?: number,
): UsableKey {
  const found = permitted(catalogue, caller, nameOrId)
  const chosen = versionOf(found, version)
  mustAllow(found.key, chosen, purpose)
  const instances = instancesOf(pools, found.key, chosen)
  if (instances.size === 0) throw away(found.key, [chosen])
  return { key: found.key, version: chosen, instances }
}

/**
 * All versions that may be used so and that a member holds, the primary one first, then the newest.
 *
 * @throws HsmError NOT_FOUND, FORBIDDEN, WRONG_STATE, NO_DEVICE: none
 */
export function usableVersions(
  { catalogue, pools }: { readonly catalogue: Catalogue; readonly pools: Pools },
  caller: Caller,
  nameOrId: string,
  purpose: Purpose,
): [UsableKey, ...UsableKey[]] {
  const { key, versions } = permitted(catalogue, caller, nameOrId)
  const allowed = versions.filter(({ state }) => states[purpose].includes(state))
  if (allowed.length === 0) {
    throw new HsmError(
      'WRONG_STATE',
      `no version of key ${key.name} can ${purpose}: ${versions.map(words).join(', ') || 'there is none'}`,
    )
  }
  const rank = ({ version }: VersionRow) => (version === key.primary_version ? Number.MAX_SAFE_INTEGER : version)
  const [first, ...others] = allowed
    .toSorted((a, b) => rank(b) - rank(a))
    .map(version => ({ key, version, instances: instancesOf(pools, key, version) }))
    .filter(({ instances }) => instances.size > 0)
  if (first === undefined) throw away(key, allowed)
  return [first, ...others]
}

/**
 * Whether what is held by a card, and named as the card names it, may be used so: where it is of keys that have names here, by
 * what holds for one of those. Keys that nobody made or adopted here have neither states nor tags.
 *
 * @returns under which name it may
 * @throws HsmError FORBIDDEN, WRONG_STATE
 */
export function mustBeUsable(
  catalogue: Catalogue,
  caller: Caller,
  instance: Pick<HeldKey, 'id' | 'identity'>,
  purpose: Purpose,
): NamedVersion | undefined {
  let refusal: unknown
  for (const { found, version } of catalogue.versionsHeld(caller, instance)) {
    try {
      mustShareTag(found, caller)
      mustAllow(found.key, version, purpose)
      return { key: found.key.id, keyName: found.key.name, version: version.version }
    } catch (error) {
      refusal ??= error
    }
  }
  if (refusal !== undefined) throw refusal
  return undefined
}

/**
 * When its turn has come: it may have waited for long. What has only been replaced by another version meanwhile does what was
 * asked of it before.
 *
 * @throws HsmError WRONG_STATE
 */
export function mustNotBeWithdrawn(catalogue: Catalogue, { key, version }: Pick<UsableKey, 'key' | 'version'>): void {
  const current = catalogue.get(key.id)?.versions.find(({ id }) => id === version.id)
  if (current !== undefined && current.state !== 'suspended' && current.state !== 'destroyed') return
  const now = current ? words(current) : 'it is not there any more'
  throw new HsmError('WRONG_STATE', `key ${key.name} was withdrawn while this waited: ${now}`)
}

/** What members that are ready hold of a version, by device id. */
export function instancesOf(pools: Pools, key: KeyRow, version: VersionRow): Map<string, KeyInfo> {
  const name = instanceName(version.card_key_id ?? '', version.identity ?? '')
  const instances = new Map<string, KeyInfo>()
  for (const device of pools.of(key.group_id).members) {
    const info = indexOf(device.keys).get(name)
    if (info !== undefined) instances.set(device.id!, info)
  }
  return instances
}

/** Of each list of keys, once: a device whose keys change has another list. */
const indexes = new WeakMap<readonly HeldKey[], ReadonlyMap<string, KeyInfo>>()

function indexOf(keys: readonly HeldKey[]): ReadonlyMap<string, KeyInfo> {
  let index = indexes.get(keys)
  if (index === undefined) {
    index = new Map(keys.map(({ id, identity, info }) => [instanceName(id, identity), info]))
    indexes.set(keys, index)
  }
  return index
}

function instanceName(id: string, identity: string): string {
  return `${id} ${identity}`
}

function permitted(catalogue: Catalogue, caller: Caller, nameOrId: string): CataloguedKey {
  const found = catalogue.find(caller, nameOrId)
  mustShareTag(found, caller)
  return found
}

/** An operator uses keys without tags, and those that share one with him. */
function mustShareTag({ key, tags }: CataloguedKey, caller: Caller): void {
  if (tags.length === 0 || tags.some(tag => caller.tags.includes(tag))) return
  throw new HsmError('FORBIDDEN', `key ${key.name} is for who has one of the tags ${tags.join(', ')}`)
}

/** @throws HsmError NOT_FOUND, WRONG_STATE */
export function versionOf({ key, versions }: CataloguedKey, wanted?: number): VersionRow {
  const number = wanted ?? key.primary_version
  const version = versions.find(one => one.version === number)
  if (version !== undefined) return version
  if (wanted !== undefined) throw new HsmError('NOT_FOUND', `key ${key.name} has no version ${wanted}`)
  const latest = versions.at(-1)
  throw new HsmError(
    'WRONG_STATE',
    `key ${key.name} has no version in use: ${latest ? words(latest) : 'it is not made yet'}`,
  )
}

function mustAllow(key: KeyRow, version: VersionRow, purpose: Purpose): void {
  if (states[purpose].includes(version.state)) return
  const needed = states[purpose].join(' or ')
  throw new HsmError('WRONG_STATE', `key ${key.name}: to ${purpose} a version has to be ${needed}; ${words(version)}`)
}

function words({ version, state, reason }: VersionRow): string {
  return `version ${version} is ${state}${reason === null ? '' : ` (${reason})`}`
}

function away(key: KeyRow, versions: readonly VersionRow[]): HsmError {
  const which = versions.length === 1 ? `version ${versions[0]!.version}` : `any of its versions`
  return new HsmError('NO_DEVICE', `key ${key.name}: no member of its group that holds ${which} is ready`, {
    retryAfterMs,
  })
}
