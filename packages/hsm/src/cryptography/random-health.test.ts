import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { RandomHealth } from './random-health.ts'

test('random bytes pass', () => {
  assert.equal(new RandomHealth().check(new Uint8Array(randomBytes(2_000_000))), undefined)
})

test('a source that is stuck is found out, also where it was asked for little at a time', () => {
  assert.equal(new RandomHealth().check(new Uint8Array(5)), undefined)
  assert.match(new RandomHealth().check(new Uint8Array(6))!, /the same byte 6 times in a row/)
  const health = new RandomHealth()
  for (let i = 0; i < 5; i++) assert.equal(health.check(Uint8Array.of(3)), undefined)
  assert.match(health.check(Uint8Array.of(3))!, /6 times in a row/)
})

test('a source that prefers a value is found out', () => {
  const bytes = new Uint8Array(512).map((_, at) => (at % 20 === 0 ? 9 : 10 + (at % 240)))
  assert.match(new RandomHealth().check(bytes)!, /the same byte 20 times among 512/)
})

test('the cutoffs are those of 2^-40', () => {
  // Of a byte that came, how likely it is that so many of the next 511 are the same.
  const tail = (cutoff: number) => {
    let probability = (255 / 256) ** 511
    let sum = 0
    for (let k = 0; k < 511; k++) {
      if (k >= cutoff - 1) sum += probability
      probability *= (511 - k) / (k + 1) / 255
    }
    return sum
  }
  assert.ok(tail(20) < 2 ** -40 && tail(19) > 2 ** -40)
  assert.equal((1 / 256) ** 5, 2 ** -40)
})
