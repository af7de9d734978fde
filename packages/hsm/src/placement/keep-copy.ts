/** A wrapped copy of a version in the store, from whichever member lets it out, and the answer by which copies of a secret key are known. */
import { algorithm, KeyBlob, WrappedKeyFile } from '@keytether/card'
import { decode, encode, equal } from '@keytether/codec'
import { type Answer, askForAnswer, type KeyInfo, keyDomainState, type SmartCardHsm } from '@keytether/driver'
import type { Member } from '../groups/members.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import { domainId } from '../sessions/held-keys.ts'
import type { Store } from '../store/store.ts'
import { answerText, instanceOf, type PlacedVersion, versionWords } from './versions.ts'
import { onMember, type Work } from './work.ts'

/** A member, and its session. */
export interface Present {
  readonly member: Member
  readonly device: DeviceSession
}

export interface Holder extends Present {
  readonly info: KeyInfo
}

/** Of those given, the ones that have the version, with what they have. */
export function holdersOf(version: PlacedVersion, members: readonly Present[]): Holder[] {
  return members.flatMap(({ member, device }) => {
    const instance = instanceOf(version, device.keys)
    return instance ? [{ member, device, info: instance.info }] : []
  })
}

/** Why a key stays on the one device that it is on; undefined if it can leave. */
export function obstacleTo(
  keyDomain: string | null,
  { device, info }: Pick<Holder, 'device' | 'info'>,
): string | undefined {
  if (info.algorithms.length > 0 && !info.algorithms.includes(algorithm.wrap)) {
    return 'it was made never to leave its device: wrapping is not among its algorithms'
  }
  const domain = device.inventory?.keyDomains.find(({ index }) => index === (info.keyDomain ?? 0))
  if (domain === undefined) return 'its device was initialised without key domains'
  if (keyDomainState(domain) !== 'complete') return 'its key domain has no key: import the key shares'
  const id = domainId(domain)
  return id === keyDomain
    ? undefined
    : `it is in the key domain ${id}, not in that of its group (${keyDomain ?? 'none'})`
}

/** @returns why there is none; undefined: it is stored */
export async function keepCopy(
  store: Store,
  work: Work,
  version: PlacedVersion,
  keyDomain: string | null,
  holders: readonly Holder[],
): Promise<string | undefined> {
  let obstacle = 'no member that is ready has it'
  for (const holder of holders) {
    const reason = obstacleTo(keyDomain, holder)
    const copy = reason ? { notDone: reason } : await wrapped(work, holder)
    if ('notDone' in copy) {
      obstacle = copy.notDone
      continue
    }
    const change = { wrapped: copy.file, key_domain: keyDomain }
    await store.write(db =>
      db.updateTable('key_versions').set(change).where('id', '=', version.id).where('wrapped', 'is', null).execute(),
    )
    return undefined
  }
  return obstacle
}

function wrapped(work: Work, { member, info }: Holder) {
  return onMember(work, member, `wrap ${info.kind}`, async (card, device) => {
    const { blob, description, certificate } = await card.wrapKey(info.reference)
    const { keyCheckValue } = decode(KeyBlob, blob)
    const domain = device.inventory?.keyDomains.find(one => equal(one.keyCheckValue, keyCheckValue))
    if (domain === undefined) return { notDone: 'it came wrapped under a key domain that its device does not list' }
    // A certificate alone would be read as a description.
    const beside = description ? { description, certificate } : {}
    return { file: encode(WrappedKeyFile, { blob, ...beside }) }
  })
}

/** What a secret key answers, asked of the first who gives an answer. Uses that are counted are not spent on it. */
export async function keepAnswer(
  store: Store,
  work: Work,
  version: PlacedVersion,
  holders: readonly Holder[],
): Promise<Answer | undefined> {
  for (const { member, info } of holders) {
    if (info.useCounter !== undefined) continue
    const asked = await onMember(work, member, `ask ${versionWords(version)}`, async (card: SmartCardHsm) => ({
      answer: await askForAnswer(card, info),
    }))
    if ('notDone' in asked || asked.answer === undefined) continue
    const text = answerText(asked.answer)
    await store.write(db =>
      db
        .updateTable('key_versions')
        .set({ answer: text })
        .where('id', '=', version.id)
        .where('answer', 'is', null)
        .execute(),
    )
    return asked.answer
  }
  return undefined
}
