/** Versions of keys on one member: put there where they are missing, and proven. */
import { type KeyInfo, readTarget, type Target } from '@keytether/driver'
import type { Member } from '../groups/members.ts'
import type { Store } from '../store/store.ts'
import { type Found, recordFound } from './instances.ts'
import { type Placed, place, proven } from './place.ts'
import { instanceOf, type PlacedVersion, storedKey } from './versions.ts'
import { type NotDone, onMember, type Work } from './work.ts'

interface Parts {
  readonly store: Store
  readonly history: Parameters<typeof recordFound>[0]['history']
  now(): number
}

/** Of one version: what is there now, or why that is not known. */
export type PlacedOn = Found | (Pick<Found, 'member' | 'version'> & NotDone)

/** What is there already is used once, what is not is unwrapped, proven and recorded: one after the other. */
export async function placeOn(
  parts: Parts,
  work: Work,
  member: Member,
  versions: readonly PlacedVersion[],
): Promise<PlacedOn[]> {
  const results: PlacedOn[] = []
  let target: Target | undefined
  for (const version of versions) {
    work.signal.throwIfAborted()
    const key = await storedKey(parts.store.db, version)
    const session = work.pools.of(member.group).members.find(({ id }) => id === member.path)
    const there = session && instanceOf(version, session.keys)
    let placed: Placed | NotDone
    if (there) {
      placed = await onMember(work, member, `prove ${key.kind}`, card => proven(card, key, there.info))
      if ('state' in placed && placed.state === 'different') session.noteOther(there.info.reference)
    } else {
      const look = target ?? (await lookAt(work, member))
      if ('notDone' in look) placed = look
      else {
        target = look
        placed = await onMember(work, member, `unwrap ${key.kind}`, card => place(card, look, key))
        if ('info' in placed && placed.info) {
          session?.noteKey(placed.info)
          target = withKey(look, placed.info)
        }
      }
    }
    if ('notDone' in placed) {
      results.push({ member, version, notDone: placed.notDone })
      continue
    }
    const found = { member, version, placed }
    await recordFound(parts, [found])
    results.push(found)
  }
  return results
}

async function lookAt(work: Work, member: Member): Promise<Target | NotDone> {
  const nothing = { keys: [], certificates: [], data: [] }
  return onMember(work, member, 'read what is there', async (card, device) => {
    const target = await readTarget(card, nothing)
    device.noteInventory(target.inventory)
    return target
  })
}

/** How much room a key has taken is only known when it is asked again; that it is too little is seen by then. */
function withKey(target: Target, info: KeyInfo): Target {
  const { inventory, leftovers } = target
  return {
    ...target,
    inventory: { ...inventory, keys: [...inventory.keys, info] },
    leftovers: new Map([...leftovers].filter(([reference]) => reference !== info.reference)),
  }
}
