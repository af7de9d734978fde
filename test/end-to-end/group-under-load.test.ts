/** A group of three tokens that clients use all the time, while tokens, agents and the service are killed and replaced. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { groupUnderLoad, type LoadFigures, percentile } from '@keytether/test/group-load'

const load = { clients: 16, signMs: 50 } as const

test('a token is killed, an agent, and a token is replaced by a fresh one: no request fails', async t => {
  const figures = await groupUnderLoad({ ...load, seconds: 10, killService: false })
  told(t, figures)
  assert.deepEqual([figures.failures, figures.wrong], [[], 0])
  assert.ok(figures.times.length > 16)
  whole(figures)
})

test('the service is killed as well: who asks again gets no wrong answer, and nothing acknowledged is lost', async t => {
  const figures = await groupUnderLoad({ ...load, seconds: 12, killService: true })
  told(t, figures)
  assert.deepEqual([figures.failures, figures.wrong], [[], 0])
  assert.ok(figures.keys > 0)
  whole(figures)
})

/** Every key is on three members at least, and nowhere another one in its place. */
function whole({ end }: LoadFigures): void {
  const key = end.keys.find(({ key }) => key === 'under-load')
  assert.ok(key && key.copies >= 3, JSON.stringify(key))
  assert.ok(end.keys.every(({ consistency }) => consistency === 'ok' || consistency === 'short'))
}

function told(t: TestContext, { times, healedMs, keys }: LoadFigures): void {
  const [p50, p99, most] = [percentile(times, 0.5), percentile(times, 0.99), times.at(-1) ?? 0].map(Math.round)
  t.diagnostic(
    `${times.length} signatures, p50 ${p50} ms, p99 ${p99} ms, max ${most} ms; ` +
      `${keys} keys made; a fresh token healed after ${Math.round(healedMs)} ms`,
  )
}
