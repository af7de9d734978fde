import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Operation } from '../operation.ts'
import { operations } from '../operations.ts'
import { jsonSchema, openApiDocument } from './document.ts'
import { exampleOf } from './example.ts'

describe('the example of each body is one', () => {
  for (const [name, { body }] of Object.entries<Operation>(operations)) {
    if (body === undefined) continue
    test(name, () => assert.equal(body.safeParse(exampleOf(jsonSchema(body, 'input'))).error, undefined))
  }
})

describe('secrets in bodies and answers are kept sealed, where something is kept', () => {
  const secrets = /"(pin|soPin|secret|share|token|passphrase|plaintext|masterKey)":\{[^{}]*"type":"string"(?!,"enum")/
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    const { body, answer, idempotent, secret } = operation
    if (!idempotent) continue
    const members = JSON.stringify([body && jsonSchema(body, 'input'), answer && jsonSchema(answer, 'output')])
    test(name, () => assert.equal(secret ?? false, secrets.test(members)))
  }
})

test('lists that go on are paged, what has a revision has an ETag', () => {
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    const { properties = {} } = operation.answer ? jsonSchema(operation.answer, 'output') : {}
    assert.equal('next' in properties, operation.paged ?? false, `${name}: paged`)
    if (operation.revised) assert.ok('revision' in properties, `${name}: revision`)
    if (operation.paged) assert.ok('cursor' in (jsonSchema(operation.query!, 'input').properties ?? {}), name)
  }
})

test('every operation is in the document, in a chapter, with who may', () => {
  const { paths, tags } = openApiDocument('1.2.3') as {
    paths: Record<string, Record<string, Record<string, unknown>>>
    tags: readonly { name: string }[]
  }
  for (const [name, { path, method, roles }] of Object.entries<Operation>(operations)) {
    const described = paths[path]?.[method.toLowerCase()]
    assert.deepEqual([described?.operationId, described?.['x-roles']], [name, roles])
    assert.match(
      String(described?.['description']),
      roles.length === 0 ? /everybody/ : new RegExp(`role .*${roles[0]}`),
    )
    assert.ok(tags.some(tag => tag.name === (described!['tags'] as string[])[0]))
  }
})
