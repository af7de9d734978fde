/**
 * Where the versions of keys are: on every member of their group, in the end.
 *
 * The wrapped copy in the store is what makes a version outlive its members; the table of instances says what was seen on each
 * of them. What an interruption leaves on a card is recognised by what is there, so nothing has to be undone.
 */
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { GroupRow, Groups } from '../groups/groups.ts'
import type { Member } from '../groups/members.ts'
import type { Caller } from '../principals/caller.ts'
import { checkGroup } from './check.ts'
import { Healer } from './healer.ts'
import { instancesOf } from './instances.ts'
import { type Holder, holdersOf, keepAnswer, keepCopy, type Present } from './keep-copy.ts'
import { type PlacedOn, placeOn } from './place-on.ts'
import { type GroupReport, reportOf, whyNot } from './report.ts'
import { type UnmanagedKey, unmanagedKeys } from './unmanaged.ts'
import { type PlacedVersion, versionsOf, versionWords } from './versions.ts'
import type { Work } from './work.ts'

export interface EnsureOptions {
  /** On how many members it is to be; `all` that are ready. */
  readonly copies: number | 'all'
  readonly signal: AbortSignal
  /** After each member. */
  readonly onProgress?: (done: PlacedOn) => void
}

export interface Ensured {
  /** How many members have it, proven as far as it can be. */
  readonly copies: number
  /** Whether there is a wrapped copy in the store; if not, why. */
  readonly wrapped: boolean
  readonly obstacle?: string
  /** What came of it on each member that was asked. */
  readonly members: readonly PlacedOn[]
}

export class Placement implements AsyncDisposable {
  readonly #foundation: Foundation
  readonly #groups: Groups
  readonly #healer: Healer
  /** By the ids of versions: why they are on one device alone. */
  readonly #singles = new Map<string, string>()

  constructor(foundation: Foundation, groups: Groups) {
    this.#foundation = foundation
    this.#groups = groups
    this.#healer = new Healer(this.#parts)
  }

  /**
   * Puts a version on members of its group, on those first that have it already. What is there is used once to see that it is
   * the one; what could not be done on one member is tried on another.
   *
   * @throws HsmError NOT_FOUND, WRONG_STATE if it is destroyed, TIMEOUT; NOT_DURABLE if fewer have it: what is there stays
   */
  async ensure(versionId: string, { copies, signal, onProgress }: EnsureOptions): Promise<Ensured> {
    const { store } = this.#foundation
    const version = await this.#version(versionId)
    if (version.state === 'destroyed') throw new HsmError('WRONG_STATE', `${versionWords(version)} is destroyed`)
    const work: Work = { pools: this.#foundation.pools, priority: 'normal', signal }
    const group = await this.#group(version.group)
    const ready = this.#ready(group)
    const holders = holdersOf(version, ready)
    const obstacle = version.wrapped ? undefined : await keepCopy(store, work, version, group.key_domain, holders)
    if (obstacle !== undefined) this.#singles.set(version.id, obstacle)
    const answer = await this.#answer(work, version, holders)
    const known = { ...version, answer }
    const having = new Set(holders.map(({ member }) => member))
    const others = version.counted ? [] : ready.map(({ member }) => member).filter(member => !having.has(member))
    const asked = [...having, ...others]
    const wanted = copies === 'all' ? asked.length : copies
    const members = await onAsMany(asked, wanted, async member => {
      const [done] = await placeOn(this.#foundation, work, member, [known])
      onProgress?.(done!)
      return done!
    })
    this.#healer.request(version.group)
    const there = members.filter(isThere).length
    if (there >= wanted)
      return { copies: there, wrapped: obstacle === undefined, ...(obstacle && { obstacle }), members }
    const short = members.filter(done => !isThere(done)).map(inWords)
    throw new HsmError(
      'NOT_DURABLE',
      `${versionWords(version)} is on ${there} of ${wanted} members of ${group.name}: ${short.join(', ') || 'no other is ready'}`,
      { retryAfterMs: 5_000 },
    )
  }

  /** How a group is, as far as is known. */
  async report(caller: Caller, nameOrId: string): Promise<GroupReport> {
    return this.#report(await this.#groups.find(caller, nameOrId))
  }

  /** Looks at every key on every member that is ready, and uses each once. Then heals what it can, in the background. */
  async check(
    caller: Caller,
    nameOrId: string,
    { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress?: (member: Member) => void },
  ): Promise<GroupReport> {
    const group = await this.#groups.find(caller, nameOrId)
    const work: Work = { pools: this.#foundation.pools, priority: 'background', signal }
    await checkGroup(this.#parts, work, group, onProgress)
    this.#healer.request(group.id)
    return this.#report(group)
  }

  /** Puts on every member that is ready what is missing there, and waits for it. */
  async heal(caller: Caller, nameOrId: string, signal: AbortSignal): Promise<GroupReport> {
    const group = await this.#groups.find(caller, nameOrId)
    await this.#healer.now(group.id, signal)
    return this.#report(group)
  }

  /** Keys on members that are ready, of no version of the group. */
  async unmanaged(caller: Caller, nameOrId: string): Promise<UnmanagedKey[]> {
    const group = await this.#groups.find(caller, nameOrId)
    const versions = await versionsOf(this.#foundation.store.db, { group: group.id })
    return unmanagedKeys(group.key_domain, this.#present(group), versions)
  }

  get #parts() {
    return {
      ...this.#foundation,
      groups: this.#groups,
      singles: this.#singles,
      group: (id: string) => this.#group(id),
      ready: (group: GroupRow) => this.#ready(group),
      report: (group: GroupRow) => this.#report(group),
      answer: (work: Work, version: PlacedVersion, holders: readonly Holder[]) => this.#answer(work, version, holders),
    }
  }

  async #report(group: GroupRow): Promise<GroupReport> {
    const { store, devices } = this.#foundation
    return reportOf({
      group,
      members: this.#groups.members(group.id),
      sessions: new Map(devices.known().map(device => [device.id!, device])),
      versions: await versionsOf(store.db, { group: group.id }),
      instances: await instancesOf(store, group.id),
      singles: this.#singles,
    })
  }

  async #answer(work: Work, version: PlacedVersion, holders: readonly Holder[]): Promise<PlacedVersion['answer']> {
    if (version.kind !== 'AES' || version.answer !== undefined) return version.answer
    return keepAnswer(this.#foundation.store, work, version, holders)
  }

  async #version(id: string): Promise<PlacedVersion> {
    const [version] = await versionsOf(this.#foundation.store.db, { version: id })
    if (version === undefined) throw new HsmError('NOT_FOUND', 'there is no such version of a key')
    return version
  }

  async #group(id: string): Promise<GroupRow> {
    return this.#foundation.store.db.selectFrom('groups').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  }

  /** Members that do what a member does. */
  #ready(group: GroupRow): Present[] {
    return this.#present(group).filter(({ device }) => whyNot(group.key_domain, device) === undefined)
  }

  #present(group: GroupRow): Present[] {
    const sessions = new Map(this.#foundation.devices.hsms().map(device => [device.id!, device]))
    return this.#groups.members(group.id).flatMap(member => {
      const device = sessions.get(member.path)
      return device ? [{ member, device }] : []
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#healer[Symbol.asyncDispose]()
  }
}

function isThere(done: PlacedOn): boolean {
  return 'placed' in done && (done.placed.state === 'verified' || done.placed.state === 'unverified')
}

function inWords(done: PlacedOn): string {
  return `${done.member.name} (${'notDone' in done ? done.notDone : (done.placed.reason ?? done.placed.state)})`
}

/** Asks as many at once as are still wanted, until enough have done it or all were asked. */
async function onAsMany(
  members: readonly Member[],
  wanted: number,
  work: (member: Member) => Promise<PlacedOn>,
): Promise<PlacedOn[]> {
  const results: PlacedOn[] = []
  const waiting = [...members]
  while (waiting.length > 0 && results.filter(isThere).length < wanted) {
    const batch = waiting.splice(0, wanted - results.filter(isThere).length)
    results.push(...(await Promise.all(batch.map(work))))
  }
  return results
}
