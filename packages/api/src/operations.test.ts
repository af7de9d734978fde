import assert from 'node:assert/strict'
import test from 'node:test'
import { jsonSchema } from './openapi/document.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'

test('every operation is found by its method and path alone', () => {
  const places = Object.values(operations).map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`)
  assert.deepEqual(places, [...new Set(places)])
})

test('an operation that takes a secret says so: nothing is kept from which it could be guessed', () => {
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    const taken = operation.body ? JSON.stringify(jsonSchema(operation.body, 'input')) : ''
    if (/"\w*(password|passphrase|secret|pin)\w*":/i.test(taken)) assert.equal(operation.secret, true, name)
  }
})
