/** Versions of keys on one member: put there where they are missing, and proven. */
import { isRefusal, type KeyInfo, readTarget, type SmartCardHsm, type StoredKey, type Target } from '@keytether/driver'
import type { Member } from '../groups/members.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
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

/** Work in the background waits long for its turn, and then takes as much of the member's time at once as applications can spare. */
const turnMs = 1_000
const mostInTurn = 16

/** What is there already is used once, what is not is unwrapped, proven and recorded: one after the other, several in a turn. */
export async function placeOn(
  parts: Parts,
  work: Work,
  member: Member,
  versions: readonly PlacedVersion[],
): Promise<PlacedOn[]> {
  const results: PlacedOn[] = []
  while (results.length < versions.length) {
    work.signal.throwIfAborted()
    const left = versions.slice(results.length)
    const items: Item[] = []
    for (const version of left.slice(0, mostInTurn)) {
      items.push({ version, key: await storedKey(parts.store.db, version) })
    }
    const done = await onMember(work, member, 'place keys', async (card, device) => ({
      outcomes: await turn(card, device, items),
    }))
    // It is away, or has too much to do: so it is for the others.
    if ('notDone' in done) return [...results, ...left.map(version => ({ member, version, ...done }))]
    const outcomes = done.outcomes.map((outcome, index) => ({ member, version: items[index]!.version, outcome }))
    const found = outcomes.flatMap(({ outcome, ...of }) => ('state' in outcome ? [{ ...of, placed: outcome }] : []))
    await recordFound(parts, found)
    results.push(
      ...outcomes.map(({ outcome, ...of }) =>
        'state' in outcome ? { ...of, placed: outcome } : { ...of, ...outcome },
      ),
    )
  }
  return results
}

interface Item {
  readonly version: PlacedVersion
  readonly key: StoredKey
}

/** At least the first of them. */
async function turn(card: SmartCardHsm, device: DeviceSession, items: readonly Item[]): Promise<(Placed | NotDone)[]> {
  const outcomes: (Placed | NotDone)[] = []
  const end = performance.now() + turnMs
  let target: Target | undefined
  for (const { version, key } of items) {
    if (outcomes.length > 0 && performance.now() > end) break
    const there = instanceOf(version, device.keys)
    try {
      if (there) {
        const placed = await proven(card, key, there.info)
        if (placed.state === 'different') device.noteOther(there.info.reference)
        outcomes.push(placed)
        continue
      }
      target ??= await lookAt(card, device)
      const placed = await place(card, target, key)
      if (placed.info) {
        device.noteKey(placed.info)
        target = withKey(target, placed.info)
      }
      outcomes.push(placed)
    } catch (error) {
      if (!isRefusal(error)) throw error
      outcomes.push({ notDone: error.message })
    }
  }
  return outcomes
}

async function lookAt(card: SmartCardHsm, device: DeviceSession): Promise<Target> {
  const target = await readTarget(card, { keys: [], certificates: [], data: [] })
  device.noteInventory(target.inventory)
  return target
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
