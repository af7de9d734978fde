/** Keys that are on members of a group and that nobody has made through the service. */
import { subjectPublicKeyInfo } from '@keytether/card'
import { HsmError } from '../errors.ts'
import type { Pools } from '../scheduler/pools.ts'
import type { HeldKey } from '../sessions/held-keys.ts'
import type { Catalogue } from './catalogue.ts'
import { algorithmNames, type KeyType } from './key-type.ts'

export interface FoundKey {
  readonly type: KeyType
  readonly instance: HeldKey
  /** SubjectPublicKeyInfo. */
  readonly publicKey?: Uint8Array
  readonly algorithms: readonly string[]
}

/**
 * One key of each id, which all members that have the id agree on.
 *
 * @throws HsmError NOT_FOUND, INVALID, EXISTS
 */
export function findUnmanaged(
  { catalogue, pools }: { readonly catalogue: Catalogue; readonly pools: Pools },
  group: string,
  cardKeyIds: readonly string[],
): [FoundKey, ...FoundKey[]] {
  const held = pools.of(group).members.flatMap(device => device.keys)
  const [first, ...others] = cardKeyIds.map(id => {
    const [instance, ...copies] = held.filter(key => key.id === id.toUpperCase())
    if (instance === undefined) throw new HsmError('NOT_FOUND', `no member that is ready has a key with the id ${id}`)
    if (copies.some(copy => copy.identity !== instance.identity)) {
      throw new HsmError('INVALID', `members have different keys with the id ${id}: one of them has to go first`)
    }
    const owner = ownerOf(catalogue, group, instance)
    if (owner !== undefined) throw new HsmError('EXISTS', `the key with the id ${id} is a version of ${owner} already`)
    return found(instance)
  })
  if (first === undefined) throw new HsmError('INVALID', 'wanted the id of a key')
  const other = others.find(({ type }) => JSON.stringify(type) !== JSON.stringify(first.type))
  if (other)
    throw new HsmError('INVALID', `versions of one key are of one type: ${words(first.type)} and ${words(other.type)}`)
  if (new Set(cardKeyIds.map(id => id.toUpperCase())).size < cardKeyIds.length) {
    throw new HsmError('INVALID', 'each key is one version: an id is named twice')
  }
  return [first, ...others]
}

function ownerOf(catalogue: Catalogue, group: string, { id, identity }: HeldKey): string | undefined {
  const owner = catalogue
    .all()
    .find(
      ({ key, versions }) =>
        key.group_id === group && versions.some(version => version.identity === identity && version.card_key_id === id),
    )
  return owner?.key.name
}

function found(instance: HeldKey): FoundKey {
  const { kind, curve, bits, publicKey, algorithms } = instance.info
  if (kind !== 'AES' && publicKey === undefined) {
    throw new HsmError(
      'INVALID',
      `of the key with the id ${instance.id} the public key is not known: no certificate is stored beside it`,
    )
  }
  if (kind === 'EC' && curve === undefined) {
    throw new HsmError('INVALID', `the key with the id ${instance.id} is on a curve that has no name here`)
  }
  return {
    instance,
    type: kind === 'EC' ? { kind, curve: curve! } : { kind, bits },
    ...(publicKey && { publicKey: subjectPublicKeyInfo(publicKey) }),
    algorithms: algorithmNames(algorithms),
  }
}

function words(type: KeyType): string {
  return `${type.kind} ${type.kind === 'EC' ? type.curve : type.bits}`
}
