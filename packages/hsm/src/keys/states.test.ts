/** The life of versions, held against a model of it: whatever is asked in whatever order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyBench } from '@keytether/test/key-bench'
import { caller, GroupToken } from '@keytether/test/token-group'
import * as fc from 'fast-check'
import { HsmError } from '../errors.ts'
import type { Change } from './states.ts'

const changes = ['activate', 'suspend', 'deactivate', 'destroy', 'restore'] as const
type State = 'pre-active' | 'active' | 'suspended' | 'deactivated' | 'destroyed' | 'erased'

/** What the documentation says, and nothing of how it is done. */
class Model {
  readonly versions: { state: State; before: State }[] = []
  primary = 0

  create(activate: boolean): boolean {
    if (this.versions.length > 0 && this.versions.every(({ state }) => gone(state))) return false
    this.versions.push({ state: 'pre-active', before: 'pre-active' })
    if (activate) this.#makePrimary(this.versions.length)
    return true
  }

  apply(change: Change, wanted: number | undefined): boolean {
    const considered = this.versions
      .map((_, index) => index + 1)
      .filter(number => wanted === undefined || number === wanted)
    const able = considered.filter(number => this.#can(change, number))
    // The newest last: it is the one that is to sign.
    for (const number of able) this.#apply(change, number)
    return able.length > 0
  }

  erase(): void {
    for (const version of this.versions) if (version.state === 'destroyed') version.state = 'erased'
  }

  #can(change: Change, number: number): boolean {
    const { state } = this.versions[number - 1]!
    const from: Readonly<Record<Change, readonly State[]>> = {
      activate: ['pre-active', 'suspended'],
      suspend: ['active', 'deactivated'],
      deactivate: ['active', 'suspended'],
      destroy: ['pre-active', 'active', 'suspended', 'deactivated'],
      restore: ['destroyed'],
    }
    return from[change].includes(state)
  }

  #apply(change: Change, number: number): void {
    const version = this.versions[number - 1]!
    const { state } = version
    if (change === 'activate' && state === 'pre-active') this.#makePrimary(number)
    else if (change === 'activate' || change === 'restore') version.state = this.#back(version.before, number)
    else if (change === 'deactivate') version.state = 'deactivated'
    else {
      version.before = change === 'destroy' && state === 'suspended' ? 'deactivated' : state
      version.state = change === 'suspend' ? 'suspended' : 'destroyed'
    }
  }

  /** One version signs: that which was activated last, if it is newer than all that were. */
  #makePrimary(number: number): void {
    const version = this.versions[number - 1]!
    if (number < this.primary) version.state = 'deactivated'
    else {
      for (const other of this.versions) if (other.state === 'active') other.state = 'deactivated'
      this.primary = number
      version.state = 'active'
    }
  }

  #back(state: State, number: number): State {
    return state === 'active' && number !== this.primary ? 'deactivated' : state
  }
}

function gone(state: State): boolean {
  return state === 'destroyed' || state === 'erased'
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      change: fc.constantFrom(...changes),
      version: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ rotate: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant('erase' as const) },
)

test('states are those of the model, whatever is asked', async () => {
  const token = await GroupToken.make()
  const bench = await KeyBench.open('sqlite::memory:', [token])
  await using _ = bench
  await token.plugIn(bench.foundation.devices)
  let count = 0
  const signal = AbortSignal.timeout(120_000)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
      const name = `key-${++count}`
      const model = new Model()
      await bench.keys.create(caller, { name, group: 'pair', type: { kind: 'AES', bits: 128 } }, signal)
      model.create(true)
      for (const one of steps) {
        if (one === 'erase') {
          bench.at += 1_000
          await bench.keys.housekeep()
          model.erase()
        } else if ('rotate' in one) {
          if (model.versions.length === 3) continue
          const done = await worked(bench.keys.rotate(caller, name, { activate: one.rotate }, signal))
          assert.equal(done, model.create(one.rotate))
        } else {
          if (one.version !== undefined && one.version > model.versions.length) continue
          const { change, version } = one
          const done = await worked(bench.keys.change(caller, name, change, { version, restorableMs: 1_000 }))
          assert.equal(done, model.apply(change, version), `${change} ${version ?? 'all'}`)
        }
        agrees(bench, name, model)
      }
      await worked(bench.keys.change(caller, name, 'destroy', { restorableMs: 0 }))
      bench.at += 1_000
      await bench.keys.housekeep()
    }),
    {
      numRuns: 60,
      // Several that become active at once: only the newest of them signs.
      examples: [[[{ rotate: false }, { rotate: false }, { change: 'activate', version: undefined }]]],
    },
  )
  await bench.noLeftovers()
  assert.deepEqual((await (await token.card()).inventory()).keys, [])
})

function agrees({ keys }: KeyBench, name: string, model: Model): void {
  const { key, versions } = keys.get(caller, name)
  const states = versions.map(({ state, destroy_at }) =>
    state === 'destroyed' && destroy_at === null ? 'erased' : state,
  )
  assert.deepEqual([key.primary_version, ...states], [model.primary, ...model.versions.map(({ state }) => state)])
  const active = model.versions.filter(({ state }) => state === 'active').length
  assert.ok(active <= 1)
  const decrypting = model.versions.filter(({ state }) => state === 'active' || state === 'deactivated').length
  const found = decrypting === 0 ? 0 : keys.versionsFor(caller, name, 'decrypt').length
  assert.equal(found, decrypting)
}

async function worked(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof HsmError && error.code === 'WRONG_STATE') return false
    throw error
  }
}
