/** Every key on every member that is ready: read anew, compared with what the others have, and used once. */
import type { Foundation } from '../foundation.ts'
import type { GroupRow } from '../groups/groups.ts'
import type { Member } from '../groups/members.ts'
import { type Found, recordFound } from './instances.ts'
import { type Holder, holdersOf, type Present } from './keep-copy.ts'
import { otherOf, unlikeOthers } from './occupant.ts'
import { type Placed, proven } from './place.ts'
import { isKept } from './report.ts'
import { instanceOf, type PlacedVersion, storedKey, versionsOf } from './versions.ts'
import { onMember, type Work } from './work.ts'

interface Parts extends Foundation {
  ready(group: GroupRow): Present[]
  answer(work: Work, version: PlacedVersion, holders: readonly Holder[]): Promise<PlacedVersion['answer']>
}

export async function checkGroup(
  parts: Parts,
  work: Work,
  group: GroupRow,
  onProgress: (member: Member) => void = () => {},
): Promise<void> {
  const versions = (await versionsOf(parts.store.db, { group: group.id })).filter(isKept)
  const looked = await Promise.all(
    parts.ready(group).map(async ({ member, device }) => {
      const done = await onMember(work, member, 'read what is there', async card => {
        device.noteInventory(await card.inventory())
        return {}
      })
      return 'notDone' in done ? [] : [{ member, device }]
    }),
  )
  const members = looked.flat()
  const asked = await withAnswers(parts, work, versions, members)
  await Promise.all(
    members.map(async ({ member, device }) => {
      const found: Found[] = []
      for (const version of asked) {
        const placed = await checkKey(parts, work, { member, device }, version, members)
        if (placed) found.push({ member, version, placed })
      }
      await recordFound(parts, found)
      onProgress(member)
    }),
  )
}

/** Secret keys are known by what they answer: asked where that is not known yet. */
async function withAnswers(
  parts: Parts,
  work: Work,
  versions: readonly PlacedVersion[],
  members: readonly Present[],
): Promise<PlacedVersion[]> {
  const asked: PlacedVersion[] = []
  for (const version of versions) {
    asked.push({ ...version, answer: await parts.answer(work, version, holdersOf(version, members)) })
  }
  return asked
}

/** Undefined: the member could not be asked, and nothing new is known. */
async function checkKey(
  parts: Parts,
  work: Work,
  { member, device }: Present,
  version: PlacedVersion,
  members: readonly Present[],
): Promise<Placed | undefined> {
  const instance = instanceOf(version, device.keys)
  if (instance === undefined) {
    const other = otherOf(version, device.keys)
    if (other === undefined) return { state: 'missing', reference: 0, reason: 'it is not there' }
    const reason = `another key has its id there: ${other.info.label}, reference ${other.info.reference}`
    return { state: 'different', reference: other.info.reference, reason }
  }
  const { info } = instance
  const key = await storedKey(parts.store.db, version)
  const placed = await onMember(work, member, `prove ${key.kind}`, card => proven(card, key, info))
  if ('notDone' in placed) return undefined
  if (placed.state === 'different') {
    device.noteOther(info.reference)
    return placed
  }
  const unlike = unlikeOthers(version, instance, members)
  if (unlike !== undefined) return { state: 'different', reference: info.reference, reason: unlike }
  const renamed = info.label === version.label ? undefined : `it is called ${info.label} there`
  const reason = [placed.reason, renamed].filter(each => each !== undefined).join('; ')
  return { ...placed, ...(reason && { reason }) }
}
