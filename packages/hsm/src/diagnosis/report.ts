/** What came of a test, put together and in words. */
import type { Member } from '../groups/members.ts'
import { type PlacedVersion, versionWords } from '../placement/versions.ts'
import type { Check, KeyCheck } from './checks.ts'

interface KeyVerdict {
  readonly version: PlacedVersion
  /** It is on every member on which it is to be, and the same on all of them. */
  readonly consistent: boolean
  /** Why it is not, in words. */
  readonly reason?: string
  /** On how many members everything that was tested of it passed. */
  readonly works: number
}

export interface TestReport {
  /**
   * - `passed` nothing failed · `degraded` something did, but every key does its work on some member
   * - `failed` a key does it on none, or there is no member that could
   */
  readonly state: 'passed' | 'degraded' | 'failed'
  /** What failed, in words. */
  readonly problems: readonly string[]
  readonly checks: readonly Check[]
  readonly keys: readonly KeyVerdict[]
}

export function testReport(
  members: readonly Member[],
  versions: readonly PlacedVersion[],
  checks: readonly Check[],
): TestReport {
  const ofKeys = Map.groupBy(
    checks.filter(check => 'version' in check),
    ({ version }) => version.id,
  )
  const keys = versions.map(version => verdict(version, ofKeys.get(version.id) ?? []))
  const problems = [...(members.length === 0 ? ['no token is in the group'] : []), ...inWords(checks, keys)]
  const isSomeWell = members.some(member => checks.every(one => one.member !== member || isWell(one)))
  const isOut = !isSomeWell || keys.some(({ works }) => works === 0)
  return { state: isOut ? 'failed' : problems.length > 0 ? 'degraded' : 'passed', problems, checks, keys }
}

/** What is tested of a device alone decides whether its keys can be used at all. */
function isWell(check: Check): boolean {
  return 'version' in check || check.outcome === 'passed'
}

function verdict(version: PlacedVersion, checks: readonly KeyCheck[]): KeyVerdict {
  const byMember = [...Map.groupBy(checks, ({ member }) => member)]
  const works = byMember.filter(([, of]) => isThere(of) && of.every(({ outcome }) => outcome !== 'failed')).length
  const reasons = byMember.flatMap(([{ name }, of]) => {
    const first = of.find(({ test, outcome }) => outcome === 'failed' && (test === 'there' || test === 'same'))
    return first === undefined ? [] : [`${name}: ${first.reason}`]
  })
  if (reasons.length === 0 && works === 0) reasons.push('no member on which it is could be tested')
  return { version, works, consistent: reasons.length === 0, ...(reasons.length > 0 && { reason: reasons.join('; ') }) }
}

function isThere(checks: readonly KeyCheck[]): boolean {
  return checks.some(({ test, outcome }) => test === 'there' && outcome === 'passed')
}

/** Of what fails on a device, the first thing: the others fail with it. */
function inWords(checks: readonly Check[], keys: readonly KeyVerdict[]): string[] {
  const failed = checks.filter(({ outcome }) => outcome === 'failed')
  const firsts = Map.groupBy(failed, one => `${one.member.device} ${'version' in one ? one.version.id : one.test}`)
  const words = [...firsts.values()].map(([one]) => {
    const { member, reason } = one!
    return 'version' in one! ? `${versionWords(one.version)} on ${member.name}: ${reason}` : `${member.name}: ${reason}`
  })
  const nowhere = keys.filter(({ works }) => works === 0).map(({ version }) => `${versionWords(version)} works nowhere`)
  return [...words, ...nowhere]
}
