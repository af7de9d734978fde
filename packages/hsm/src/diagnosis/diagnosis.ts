/**
 * Whether the devices of a group do what they should: each is asked, and each key on each of them is used. It changes nothing, and
 * presents no PIN.
 */
import type { Foundation } from '../foundation.ts'
import type { Member } from '../groups/members.ts'
import { type Found, recordFound } from '../placement/instances.ts'
import type { Present } from '../placement/keep-copy.ts'
import type { Placed } from '../placement/place.ts'
import type { Placement } from '../placement/placement.ts'
import { storedKey } from '../placement/versions.ts'
import { onMember, type Work } from '../placement/work.ts'
import type { Caller } from '../principals/caller.ts'
import { currentRequest } from '../requests/context.ts'
import { type Check, countOf, failed, type KeyTest, keyTests, type Outcome, skipped } from './checks.ts'
import { checkDevice } from './device-checks.ts'
import { look, type TestedKey, use } from './key-checks.ts'
import { type TestReport, testReport } from './report.ts'

export interface TestOptions {
  readonly signal: AbortSignal
  /** After each check. @param total how many there will be */
  readonly onCheck?: (check: Check, done: number, total: number) => void
}

export interface GroupTest extends TestReport {
  /** The group's id, and its name. */
  readonly id: string
  readonly name: string
  readonly startedAt: number
  readonly ms: number
}

export class Diagnosis {
  readonly #foundation: Foundation
  readonly #placement: Placement

  constructor(foundation: Foundation, placement: Placement) {
    this.#foundation = foundation
    this.#placement = placement
  }

  /**
   * Tests all members side by side, and on each one key after the other; between two of them, others use it.
   *
   * @throws HsmError NOT_FOUND, TIMEOUT
   */
  async test(caller: Caller, nameOrId: string, { signal, onCheck = () => {} }: TestOptions): Promise<GroupTest> {
    const { store, devices, pools, now } = this.#foundation
    const [startedAt, began] = [now(), performance.now()]
    const { group, members: all, keys } = await this.#placement.report(caller, nameOrId)
    const members = all.map(({ member }) => member)
    const versions = keys.map(({ version }) => version)
    const checks: Check[] = []
    const total = countOf(members, versions)
    const tell = (check: Check) => {
      checks.push(check)
      onCheck(check, checks.length, total)
    }
    const work: Work = { pools, priority: 'normal', signal }
    const found = await Promise.all(
      members.map(async member => {
        const device = await checkDevice(devices, work, group, member, (test, of) => tell({ member, test, ...of }))
        return { member, device }
      }),
    )
    const present = found.filter((one): one is Present => one.device !== undefined)
    const tested: TestedKey[] = []
    for (const { version, consistency, reason } of keys) {
      const single = consistency === 'single' ? reason : undefined
      tested.push({ version, key: await storedKey(store.db, version), single })
    }
    await Promise.all(
      found.map(({ member, device }) =>
        device === undefined
          ? this.#skip(member, tested, tell)
          : this.#testKeys(work, { member, device }, tested, present, tell),
      ),
    )
    const report = testReport(members, versions, inOrder(checks, members))
    return { id: group.id, name: group.name, startedAt, ms: performance.now() - began, ...report }
  }

  #skip(member: Member, keys: readonly TestedKey[], tell: (check: Check) => void): void {
    for (const { version } of keys) {
      for (const test of keyTests[version.kind]) tell({ member, version, test, ...skipped('its token cannot be used') })
    }
  }

  async #testKeys(
    work: Work,
    at: Present,
    keys: readonly TestedKey[],
    present: readonly Present[],
    tell: (check: Check) => void,
  ): Promise<void> {
    const { member } = at
    const found: Found[] = []
    for (const key of keys) {
      const { version } = key
      const left = new Set<KeyTest>(keyTests[version.kind])
      const placed = await this.#testKey(work, at, key, present, (test, outcome) => {
        left.delete(test)
        tell({ member, version, test, ...outcome })
      })
      for (const test of left) tell({ member, version, test, ...skipped('it cannot be tested as things are') })
      if (placed !== undefined) found.push({ member, version, placed })
    }
    await recordFound(this.#foundation, found)
  }

  /** @returns what is on record of it from now on; undefined: nothing new is known */
  async #testKey(
    work: Work,
    at: Present,
    key: TestedKey,
    present: readonly Present[],
    tell: (test: KeyTest, outcome: Outcome) => void,
  ): Promise<Placed | undefined> {
    const { instance, placed } = look(key, at, present, tell)
    if (instance === undefined) return placed
    const { version } = key
    const asked = performance.now()
    const done = await onMember(work, at.member, `test ${version.kind}`, async (card, device) => {
      const began = performance.now()
      const placed = await use(card, key, instance, tell)
      if (placed.state === 'different') device.noteOther(placed.reference)
      return { placed, waitedMs: began - asked, workedMs: performance.now() - began }
    })
    if ('notDone' in done) {
      tell('same', failed(`it was not used: ${done.notDone}`))
      return undefined
    }
    const { waitedMs, workedMs } = done
    const of = { key: version.key, keyName: version.name, version: version.version, device: at.member.path }
    currentRequest()?.uses.push({ verb: 'test', ...of, waitedMs, workedMs })
    return done.placed
  }
}

/** As they are shown: member by member. */
function inOrder(checks: readonly Check[], members: readonly Member[]): Check[] {
  const byMember = Map.groupBy(checks, ({ member }) => member)
  return members.flatMap(member => byMember.get(member) ?? [])
}
