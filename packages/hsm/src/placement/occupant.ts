/** What a device has where a version should be. */
import { equal } from '@keytether/codec'
import type { HeldKey } from '../sessions/held-keys.ts'
import type { Present } from './keep-copy.ts'
import { instanceOf, type PlacedVersion } from './versions.ts'

/** Another key that has the version's id on a device. */
export function otherOf({ card_key_id }: PlacedVersion, keys: readonly HeldKey[]): HeldKey | undefined {
  return keys.find(({ id }) => id === card_key_id)
}

/** Why a copy of the version is not like those on other members; undefined if it is. */
export function unlikeOthers(
  version: PlacedVersion,
  { id, info }: HeldKey,
  members: readonly Present[],
): string | undefined {
  if (id !== version.card_key_id) return `it has the id ${id} there`
  const others = members.flatMap(({ device }) => instanceOf(version, device.keys) ?? [])
  const unlike = others.filter(other => !sameAlgorithms(info.algorithms, other.info.algorithms)).length
  if (unlike * 2 <= others.length) return undefined
  return `its list of algorithms is another one than on ${unlike} of ${others.length} members`
}

function sameAlgorithms(a: readonly number[], b: readonly number[]): boolean {
  return equal(Uint8Array.from(a).sort(), Uint8Array.from(b).sort())
}
