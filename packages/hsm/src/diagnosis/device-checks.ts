/** One member of a group: reached, genuine, logged in, random, of the key domain. No PIN is presented for it. */
import type { SmartCardHsm } from '@keytether/driver'
import { RandomHealth } from '../cryptography/random-health.ts'
import type { GroupRow } from '../groups/groups.ts'
import type { Member } from '../groups/members.ts'
import { whyNot } from '../placement/report.ts'
import { onMember, type Work } from '../placement/work.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { Devices } from '../sessions/devices.ts'
import { lockWords } from '../sessions/lock-words.ts'
import { type DeviceTest, deviceTests, failed, type Outcome, passed, skipped } from './checks.ts'

type Tell = (test: DeviceTest, outcome: Outcome) => void

const sampleSize = 64

/** @returns its session if its keys can be used */
export async function checkDevice(
  devices: Pick<Devices, 'session'>,
  work: Work,
  group: GroupRow,
  member: Member,
  tell: Tell,
): Promise<DeviceSession | undefined> {
  const left = new Set(deviceTests)
  const told: Tell = (test, outcome) => {
    left.delete(test)
    tell(test, outcome)
  }
  const session = devices.session(member.path)
  // One that is just coming up is looked at when it has.
  await session?.settled()
  const ready = reached(session, told) && (await answering(work, group, member, told))
  for (const test of left) tell(test, skipped('it cannot be tested as things are'))
  return ready ? session : undefined
}

/** As far as can be told without asking it anything. */
function reached(session: DeviceSession | undefined, tell: Tell): session is DeviceSession {
  const reason = whyNot(null, session)
  if (session === undefined || session.state === 'offline') {
    tell('connect', failed(reason ?? 'it is away'))
    return false
  }
  tell('connect', passed())
  if (reason === undefined) return true
  // A session is known by the name that its chip has proven.
  if (session.state !== 'lent') tell('genuine', passed())
  tell('log-in', failed(reason))
  return false
}

/** @returns whether its keys can be used */
async function answering(work: Work, group: GroupRow, member: Member, tell: Tell): Promise<boolean> {
  let asked: DeviceTest = 'genuine'
  let lock: string | undefined
  const timed = async <T>(ask: () => Promise<T>): Promise<[answer: T, ms: number]> => {
    const began = performance.now()
    return [await ask(), performance.now() - began]
  }
  const done = await onMember(work, member, 'test a device', async (card: SmartCardHsm, device: DeviceSession) => {
    // Whoever answers through the secure channel has the key that it was opened with.
    const [pin, answeredMs] = await timed(() => card.pinStatus())
    tell('genuine', passed(answeredMs))
    lock = pin.status === 'verified' ? undefined : lockWords(pin)
    tell('log-in', lock === undefined ? passed() : failed(lock))
    asked = 'random'
    const [bytes, randomMs] = await timed(() => card.random(sampleSize))
    const wrong = new RandomHealth().check(bytes)
    tell('random', wrong === undefined ? passed(randomMs) : failed(`it ${wrong}`, randomMs))
    asked = 'key-domain'
    const [inventory, readMs] = await timed(() => card.inventory())
    device.noteInventory(inventory)
    const other = whyNot(group.key_domain, device)
    tell('key-domain', other === undefined ? passed(readMs) : failed(other, readMs))
    return { device }
  })
  if ('notDone' in done) tell(asked, failed(done.notDone))
  // Uses of its keys would be refused one by one.
  else if (lock !== undefined) done.device.lock(lock)
  return !('notDone' in done) && lock === undefined
}
