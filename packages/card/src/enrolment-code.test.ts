import assert from 'node:assert/strict'
import test from 'node:test'
import { enrolmentCode } from './enrolment-code.ts'

test('a code belongs to one key, and is the same wherever it is made', () => {
  const q = Uint8Array.of(4, ...new Array(64).fill(1))
  assert.equal(enrolmentCode({ q }), enrolmentCode({ q: Uint8Array.from(q) }))
  assert.match(enrolmentCode({ q }), /^[0-9A-F]{4}(-[0-9A-F]{4}){3}$/)
  assert.notEqual(enrolmentCode({ q }), enrolmentCode({ q: Uint8Array.of(4, ...new Array(64).fill(2)) }))
})
