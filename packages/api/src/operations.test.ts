import assert from 'node:assert/strict'
import test from 'node:test'
import { operations } from './operations.ts'

test('every operation is found by its method and path alone', () => {
  const places = Object.values(operations).map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`)
  assert.deepEqual(places, [...new Set(places)])
})
