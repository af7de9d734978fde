/** The scheduler in time that only passes here: whatever comes, whatever breaks, however fast the devices are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HsmError } from '../errors.ts'
import type { Attempt } from './member.ts'
import { Scheduler } from './scheduler.ts'
import { Speed } from './speed.ts'
import type { Task, Work } from './task.ts'

/** A device of the simulation: it has a chip that does one thing at a time, and a way there and back. */
interface Device {
  readonly id: string
  readonly chipMs: number
  readonly linkMs: number
  /** What it is taken for at first. */
  readonly measuredMs?: number
  readonly duplex: boolean
  readonly standby: boolean
  readonly priority: number
}

interface Job extends Work {
  readonly number: number
  readonly refusedBy: ReadonlySet<string>
  /** Those of them that have said so. */
  readonly refused: Set<string>
  outcome: string | undefined
  executed: number
  startedOn: string[]
}

type JobSpec = Partial<Pick<Job, 'kind' | 'on' | 'repeatable' | 'priority' | 'single' | 'refusedBy'>>

/** A device from when it joins until it is lost. */
interface Presence extends Device {
  readonly running: { readonly attempt: Attempt<Job>; readonly at: number }[]
  /** It answers nothing more. */
  silent: boolean
}

interface Event {
  readonly at: number
  readonly run: () => void
}

class Simulation {
  now = 0
  #events: Event[] = []
  readonly scheduler: Scheduler<Job>
  readonly jobs: Job[] = []
  readonly #open = new Set<Job>()
  readonly tasks = new Map<Job, Task<Job>>()
  readonly present = new Map<string, Presence>()
  readonly #all = new Set<Presence>()
  #leaving: Presence | undefined
  readonly #chipFree = new Map<string, number>()
  refusal: HsmError | undefined
  readonly latencies: number[] = []
  readonly finishedAt: number[] = []
  readonly startOrder: string[] = []
  /** Is told of each job that is settled. */
  settled = (_job: Job) => {}

  constructor(limit = 256) {
    const clock = { now: () => this.now, after: (ms: number, then: () => void) => this.at(this.now + ms, then) }
    this.scheduler = new Scheduler<Job>({
      clock,
      limit,
      start: (job, attempt) => this.#start(job, attempt),
      fail: (job, error) => this.#fail(job, error),
    })
  }

  at(at: number, run: () => void): () => void {
    const event = { at, run }
    let index = this.#events.length
    while (index > 0 && this.#events[index - 1]!.at > at) index--
    this.#events.splice(index, 0, event)
    return () => {
      this.#events = this.#events.filter(other => other !== event)
    }
  }

  /** Lets time pass until nothing happens any more. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (;;) {
      const [next] = this.#events
      if (next === undefined || next.at > untilMs) return
      this.#events.shift()
      this.now = next.at
      next.run()
      this.#conservesWork()
    }
  }

  join(device: Device): void {
    const presence = { ...device, running: [], silent: false }
    this.present.set(device.id, presence)
    this.#all.add(presence)
    this.#chipFree.set(device.id, this.#chipFree.get(device.id) ?? 0)
    const { id, duplex, standby, priority } = device
    this.scheduler.join({ id, duplex, standby, priority, speed: new Speed(device.measuredMs ?? device.linkMs) })
  }

  retire(id: string): void {
    this.#leaving = this.present.get(id)
    this.present.delete(id)
    this.scheduler.retire(id)
    this.#leaving = undefined
  }

  lose(id: string): void {
    this.present.delete(id)
    for (const presence of this.#all) {
      if (presence.id !== id) continue
      presence.silent = true
      this.#all.delete(presence)
    }
    this.scheduler.lose(id, 'pulled')
  }

  submit(spec: JobSpec = {}): Job {
    const job: Job = {
      kind: 'sign',
      repeatable: true,
      single: true,
      refusedBy: new Set(),
      ...spec,
      number: this.jobs.length,
      refused: new Set(),
      outcome: undefined,
      executed: 0,
      startedOn: [],
    }
    this.jobs.push(job)
    this.#open.add(job)
    try {
      const task = this.scheduler.submit(job)
      this.tasks.set(job, task)
    } catch (error) {
      assert.ok(error instanceof HsmError)
      if (error.code === 'NO_DEVICE') assert.deepEqual(this.#capable(job), [])
      else assert.ok(error.code === 'BUSY' && error.retryAfterMs! > 0)
      this.refusal = error
      this.#settle(job, error.code)
    }
    return job
  }

  withdraw(job: Job): void {
    if (job.outcome !== undefined) return
    this.#settle(job, 'withdrawn')
    this.scheduler.withdraw(this.tasks.get(job)!)
  }

  waiting(): Job[] {
    return [...this.#open].filter(job => this.tasks.get(job)?.line)
  }

  #capable(job: Job): Presence[] {
    return [...this.present.values()].filter(({ id }) => (job.on?.has(id) ?? true) && !job.refused.has(id))
  }

  /** Those that could be given the job, as far as they are known to answer in time. */
  #able(job: Job): Presence[] {
    const fit = this.#capable(job).filter(
      ({ running }) => !running.some(({ attempt }) => attempt.task.work === job || attempt.member.late),
    )
    const active = fit.filter(({ standby }) => !standby)
    return active.length > 0 ? active : fit
  }

  #start(job: Job, attempt: Attempt<Job>): void {
    const { id } = attempt.member
    const device = this.present.get(id) ?? this.#leaving
    assert.ok(device, `${id} is not there`)
    assert.equal(job.outcome, undefined, 'it is settled')
    assert.ok(job.on?.has(id) ?? true)
    if (attempt.member.leaving) {
      assert.deepEqual(this.#capable(job), [], 'another one could do it')
      job.startedOn.push(id)
      device.running.push({ attempt, at: this.now })
      this.#carryOut(device, [attempt])
      return
    }
    const { running } = device
    assert.ok(running.every(one => one.attempt.task.work.single) || running.length === 0, 'one is alone')
    if (!job.single) assert.equal(running.length, 0, 'it is not alone')
    if (device.standby)
      assert.ok(
        this.#able(job).every(({ standby }) => standby),
        'another could have done it',
      )
    if (job.priority === 'background') this.#isNotInTheWay(attempt, device)
    if (job.startedOn.length === 0) this.#isInOrder(job)
    if (!device.duplex) {
      assert.ok(
        running.every(({ at }) => at === this.now),
        'a template is on its way',
      )
      assert.ok(running.length < 2)
    }
    job.startedOn.push(id)
    this.startOrder.push(`${job.number} ${id}`)
    running.push({ attempt, at: this.now })
    if (device.duplex) this.#carryOut(device, [attempt])
    else if (running.length === 1)
      this.at(this.now, () =>
        this.#carryOut(
          device,
          running.map(one => one.attempt),
        ),
      )
  }

  #isInOrder(job: Job): void {
    const same = (other: Job) =>
      other.single === job.single && other.priority === job.priority && other.on === job.on && other.number < job.number
    const older = this.waiting().filter(other => same(other) && other.startedOn.length === 0)
    assert.deepEqual(older, [], `${job.number} goes before what came earlier`)
  }

  #isNotInTheWay({ task }: Attempt<Job>, device: Presence): void {
    if (this.now - task.arrivedAt >= 10_000) return
    const more = this.waiting().filter(other => other.priority !== 'background' && this.#able(other).includes(device))
    assert.deepEqual(more, [], 'something else waits')
  }

  #carryOut(device: Presence, attempts: readonly Attempt<Job>[]): void {
    const { id, linkMs } = device
    const answers: (() => void)[] = []
    for (const attempt of attempts) {
      const job = attempt.task.work
      const begun = Math.max(this.now + linkMs / 2, this.#chipFree.get(id)!)
      const done = begun + device.chipMs * (job.single ? 1 : 3)
      this.#chipFree.set(id, done)
      this.at(done, () => {
        if (!device.silent && !job.refusedBy.has(id)) job.executed++
      })
      const answer = () => this.#answer(device, attempt)
      if (device.duplex) this.at(done + linkMs / 2, answer)
      else answers.push(answer)
    }
    if (!device.duplex)
      this.at(this.#chipFree.get(id)! + linkMs / 2, () => {
        for (const answer of answers) answer()
      })
  }

  #answer({ id, running, silent }: Presence, attempt: Attempt<Job>): void {
    if (silent) return
    running.splice(
      running.findIndex(one => one.attempt === attempt),
      1,
    )
    const job = attempt.task.work
    if (job.refusedBy.has(id)) {
      job.refused.add(id)
      this.scheduler.refused(attempt, new HsmError('KEY_NOT_USABLE', 'no'))
    } else if (this.scheduler.answered(attempt)) {
      this.latencies.push(this.now - attempt.task.arrivedAt)
      this.finishedAt.push(this.now)
      this.#settle(job, 'done')
    }
  }

  #fail(job: Job, error: HsmError): void {
    if (error.code === 'OUTCOME_UNKNOWN') assert.ok(!job.repeatable && job.startedOn.length > 0)
    else if (error.code === 'KEY_NOT_USABLE') assert.ok(job.startedOn.some(id => job.refusedBy.has(id)))
    else {
      assert.equal(error.code, 'NO_DEVICE')
      assert.ok(this.#capable(job).length === 0 || job.startedOn.length === 4, `${job.number} could be done`)
    }
    this.#settle(job, error.code)
  }

  #settle(job: Job, outcome: string): void {
    assert.equal(job.outcome, undefined, `${job.number} is settled twice: ${job.outcome}, ${outcome}`)
    job.outcome = outcome
    this.#open.delete(job)
    this.settled(job)
  }

  /** So many clients, each of which asks again as soon as it is answered. */
  load(clients: number, untilMs: number, spec: JobSpec = {}): void {
    const before = this.settled
    const asking = new Set<Job>()
    const ask = () => void (this.now < untilMs && asking.add(this.submit(spec)))
    this.settled = job => {
      before(job)
      if (asking.delete(job)) ask()
    }
    for (let i = 0; i < clients; i++) ask()
  }

  /** What the devices have done in a second. */
  rate(fromMs: number, untilMs: number): number {
    const done = this.finishedAt.filter(at => at >= fromMs && at < untilMs)
    return (done.length * 1000) / (untilMs - fromMs)
  }

  /** No device is idle that could do what waits. */
  #conservesWork(): void {
    if (this.scheduler.waiting === 0) return
    if ([...this.present.values()].every(({ running }) => running.length > 0)) return
    for (const job of this.waiting()) {
      const idle = this.#able(job).filter(({ running }) => running.length === 0)
      assert.deepEqual(
        idle.map(({ id }) => id),
        [],
        `${job.number} waits`,
      )
    }
  }
}

const device = (id: string, options: Partial<Device> = {}): Device => ({
  id,
  chipMs: 150,
  linkMs: 50,
  duplex: true,
  standby: false,
  priority: 0,
  ...options,
})

const ids = ['a', 'b', 'c', 'd']
const someIds = fc.subarray(ids, { minLength: 1 }).map(chosen => new Set(chosen) as ReadonlySet<string>)

const anyDevice = (id: string): fc.Arbitrary<Device> =>
  fc.record({
    id: fc.constant(id),
    chipMs: fc.constantFrom(1, 20, 150, 600),
    linkMs: fc.constantFrom(0, 5, 50, 300),
    duplex: fc.boolean(),
    standby: fc.boolean(),
    priority: fc.constantFrom(0, 0, 1),
  })

const anyJob = fc.record({
  at: fc.nat(20_000),
  kind: fc.constantFrom('sign EC', 'sign RSA'),
  on: fc.oneof({ weight: 1, arbitrary: fc.constant(new Set(ids)) }, { weight: 2, arbitrary: someIds }),
  anywhere: fc.boolean(),
  repeatable: fc.constantFrom(true, true, false),
  priority: fc.constantFrom('normal' as const, 'normal' as const, 'background' as const),
  single: fc.constantFrom(true, true, true, false),
  refusedBy: fc.oneof({ weight: 9, arbitrary: fc.constant(new Set<string>()) }, { weight: 1, arbitrary: someIds }),
  patience: fc.option(fc.nat(3_000), { nil: undefined, freq: 3 }),
})

const anyFault = fc.record({
  at: fc.nat(20_000),
  id: fc.constantFrom(...ids),
  kind: fc.constantFrom('lose' as const, 'retire' as const, 'hang' as const),
  forMs: fc.nat(15_000),
})

const anyRun = fc.record({
  devices: fc.tuple(...ids.map(anyDevice)),
  jobs: fc.array(anyJob, { maxLength: 80, size: 'max' }),
  burst: fc.boolean(),
  faults: fc.array(anyFault, { maxLength: 10, size: 'max' }),
})

test('nothing is lost, done twice where it matters, starved or out of order, whatever happens', () => {
  fc.assert(
    fc.property(anyRun, ({ devices, jobs, burst, faults }) => {
      const simulation = new Simulation()
      for (const one of devices) simulation.join(one)
      for (const { at, patience, on, anywhere, ...rest } of jobs) {
        const spec = { ...rest, ...(!anywhere && { on }) }
        const arrival = burst ? at / 20 : at
        simulation.at(arrival, () => {
          const job = simulation.submit(spec)
          if (patience !== undefined) simulation.at(arrival + patience, () => simulation.withdraw(job))
        })
      }
      for (const { at, id, kind, forMs } of faults) {
        const model = devices.find(one => one.id === id)!
        simulation.at(at, () => {
          const presence = simulation.present.get(id)
          if (kind === 'lose') simulation.lose(id)
          else if (kind === 'retire') simulation.retire(id)
          else if (presence) presence.silent = true
        })
        simulation.at(at + forMs, () => {
          if (kind === 'hang') simulation.lose(id)
          if (!simulation.present.has(id)) simulation.join(model)
        })
      }
      // What hangs for good is noticed in the end.
      simulation.at(60_000, () => {
        for (const one of devices) {
          if (simulation.present.get(one.id)?.silent !== false) {
            simulation.lose(one.id)
            simulation.join(one)
          }
        }
      })
      simulation.run(400_000)
      for (const job of simulation.jobs) {
        assert.ok(job.outcome !== undefined, `${job.number} waits for ever`)
        if (!job.repeatable) assert.ok(job.executed <= 1 && job.startedOn.length <= 1 + job.refusedBy.size)
        if (job.outcome === 'done') assert.ok(job.executed > 0)
      }
      assert.equal(simulation.scheduler.waiting, 0)
    }),
    { numRuns: 500 },
  )
})

/** A simulation with these devices, which have done enough for their speeds to be known. */
function known(...devices: Device[]): Simulation {
  const simulation = new Simulation()
  for (const one of devices) simulation.join(one)
  simulation.load(4 * devices.length, 10_000)
  simulation.run(20_000)
  assert.equal(simulation.waiting().length, 0)
  return simulation
}

test('what a lost device did not answer is done first, in its order', () => {
  const simulation = known(device('a'), device('b'))
  const jobs = Array.from({ length: 10 }, () => simulation.submit())
  const first = jobs.filter(({ startedOn }) => startedOn[0] === 'a')
  assert.equal(first.length, 2)
  simulation.lose('a')
  simulation.run(simulation.now + 100_000)
  const order = simulation.jobs.slice(-10).filter(({ startedOn }) => startedOn.at(-1) === 'b')
  assert.ok(jobs.every(({ outcome }) => outcome === 'done'))
  assert.deepEqual(
    first.map(({ startedOn }) => startedOn),
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  )
  assert.equal(order.length, 10)
  const at = (job: Job) => simulation.startOrder.indexOf(`${job.number} b`)
  const later = jobs.filter(({ startedOn }) => startedOn.length === 1).slice(2)
  assert.ok(at(first[0]!) < at(first[1]!) && later.every(job => at(first[1]!) < at(job)))
})

test('a device that answers nothing holds no operation that another one can do', () => {
  const simulation = known(device('a'), device('b'))
  simulation.present.get('a')!.silent = true
  const start = simulation.now
  const jobs = Array.from({ length: 8 }, () => simulation.submit())
  const once = Array.from({ length: 4 }, () => simulation.submit({ repeatable: false }))
  simulation.run(start + 5_000)
  assert.ok(jobs.every(({ outcome }) => outcome === 'done'))
  const held = once.filter(({ outcome }) => outcome === undefined)
  assert.ok(held.every(({ startedOn }) => startedOn.join() === 'a'))
  // Nothing more is given to it.
  const later = simulation.submit({ on: new Set(['a']) })
  simulation.lose('a')
  assert.ok(held.every(({ outcome }) => outcome === 'OUTCOME_UNKNOWN'))
  assert.deepEqual([later.startedOn, later.outcome], [[], 'NO_DEVICE'])
})

test('what needs a device for itself has its turn, however much else there is', () => {
  const simulation = known(device('a'), device('b'))
  const start = simulation.now
  simulation.load(12, start + 20_000)
  const job = simulation.submit({ single: false })
  simulation.run(start + 3_000)
  assert.equal(job.outcome, 'done')
  simulation.run()
})

test('work in the background waits for the rest, and not for ever', () => {
  const simulation = known(device('a'), device('b'))
  const start = simulation.now
  simulation.load(12, start + 30_000)
  const spec = { priority: 'background' } as const
  const jobs = [simulation.submit(spec), simulation.submit({ ...spec, single: false }), simulation.submit(spec)]
  simulation.run(start + 9_900)
  assert.ok(jobs.every(({ startedOn }) => startedOn.length === 0))
  simulation.run(start + 15_000)
  assert.ok(jobs.every(({ outcome }) => outcome === 'done'))
  simulation.run()
})

test('a link that seemed longer than it is', () => {
  const simulation = known(...Array.from({ length: 8 }, (_, index) => device(`${index}`, { measuredMs: 400 })))
  const jobs = Array.from({ length: 20 }, () => simulation.submit())
  assert.equal(jobs.filter(({ startedOn }) => startedOn.length > 0).length, 16)
  simulation.run()
})

for (const [name, duplex, tokens, least] of [
  ['one device, full duplex', true, 1, 0.99],
  ['eight devices, full duplex', true, 8, 0.99],
  ['64 devices, full duplex', true, 64, 0.99],
  ['one device, a template at a time', false, 1, 0.85],
  ['eight devices, a template at a time', false, 8, 0.85],
] as const) {
  test(`chips are kept busy across the link: ${name}`, () => {
    const simulation = known(...Array.from({ length: tokens }, (_, index) => device(`${index}`, { duplex })))
    const start = simulation.now
    simulation.load(tokens * 4, start + 30_000)
    simulation.run(start + 30_000)
    const share = simulation.rate(start + 5_000, start + 30_000) / ((1000 / 150) * tokens)
    assert.ok(share >= least && share < 1.01, `${share}`)
    simulation.run()
  })
}

test('just below saturation, nobody waits where a device is free', () => {
  const simulation = known(...Array.from({ length: 64 }, (_, index) => device(`${index}`)))
  const from = simulation.latencies.length
  const gap = 150 / 64 / 0.95
  for (let i = 0; i < 5_000; i++) simulation.at(simulation.now + i * gap, () => simulation.submit())
  simulation.run()
  const beyond = simulation.latencies.slice(from).map(ms => ms - 200)
  const p99 = beyond.sort((a, b) => a - b)[Math.floor(beyond.length * 0.99)]!
  assert.ok(p99 < 1, `${p99}`)
})

test('the fastest of those that are free', () => {
  const simulation = known(device('slow', { chipMs: 600 }), device('fast'))
  assert.deepEqual(simulation.submit().startedOn, ['fast'])
  simulation.run()
  const start = simulation.now
  simulation.load(12, start + 30_000)
  simulation.run(start + 30_000)
  const share = simulation.rate(start, start + 30_000) / (1000 / 150 + 1000 / 600)
  assert.ok(share > 0.97, `${share}`)
  simulation.run()
})

test('members of lower priority take what others have no room for, those on standby what others cannot do', () => {
  const simulation = known(device('first'), device('second', { priority: 1 }), device('standby', { standby: true }))
  const jobs = Array.from({ length: 6 }, () => simulation.submit())
  assert.deepEqual(
    jobs.map(({ startedOn }) => startedOn.join()),
    ['first', 'first', 'second', 'second', '', ''],
  )
  simulation.run()
  simulation.lose('first')
  simulation.retire('second')
  assert.deepEqual(simulation.submit().startedOn, ['standby'])
  simulation.run()
})

test('what would wait too long is refused, with the time after which it is taken', () => {
  const simulation = known(device('a'), device('b'))
  let taken = 0
  while (simulation.submit().outcome !== 'BUSY') taken++
  // Ten seconds of two chips.
  assert.ok(taken > 125 && taken < 145, `${taken}`)
  const { retryAfterMs } = simulation.refusal!
  assert.ok(retryAfterMs! > 0 && retryAfterMs! < 200)
  simulation.run(simulation.now + retryAfterMs! + 150)
  assert.notEqual(simulation.submit().outcome, 'BUSY')
})
