import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IssuerRule } from '@keytether/hsm'
import { issuedBy } from './claims.ts'

const none = { roles: [], tags: [] }
const operators: IssuerRule = { claim: 'groups', value: 'hsm', roles: ['operator'], tags: ['web'] }

const fitting: readonly (readonly [name: string, rule: IssuerRule, claims: object])[] = [
  ['a list that has it', operators, { groups: ['staff', 'hsm'] }],
  ['a text that is it', operators, { groups: 'hsm' }],
  ['a word of a scope', { ...none, claim: 'scope', value: 'sign' }, { scope: 'read sign' }],
  ['what is true', { ...none, claim: 'email_verified', value: 'true' }, { email_verified: true }],
  ['a pointer', { ...none, claim: '/realm_access/roles', value: 'hsm' }, { realm_access: { roles: ['hsm'] } }],
  [
    'a pointer to a name with a slash',
    { ...none, claim: '/https:~1~1a.example~1roles', value: 'x' },
    { 'https://a.example/roles': ['x'] },
  ],
  ['a name with dots', { ...none, claim: 'https://a.example/roles', value: 'x' }, { 'https://a.example/roles': 'x' }],
  ['every token', none, {}],
]
for (const [name, rule, claims] of fitting) {
  test(`fits: ${name}`, () => {
    const { roles, tags } = rule
    assert.deepEqual(issuedBy({ nameClaim: 'sub', rules: [rule] }, { sub: 'ann', ...claims }), {
      subject: 'ann',
      roles,
      tags,
    })
  })
}

const others: readonly (readonly [name: string, claims: object])[] = [
  ['none', {}],
  ['another', { groups: ['staff'] }],
  ['a part of it', { groups: 'hsm-old' }],
  ['several words, where it is no scope', { groups: 'staff hsm' }],
  ['a number', { groups: 7 }],
  ['an object', { groups: { hsm: true } }],
  ['a list in a list', { groups: [['hsm']] }],
]
for (const [name, claims] of others) {
  test(`does not fit: ${name}`, () => {
    assert.equal(issuedBy({ nameClaim: 'sub', rules: [operators] }, { sub: 'ann', ...claims }), undefined)
  })
}

test('what several rules say is put together', () => {
  const rules = [operators, { roles: ['auditor', 'operator'], tags: ['mail'] }] as const
  const issued = issuedBy({ nameClaim: 'sub', rules }, { sub: 'ann', groups: ['hsm'] })
  assert.deepEqual(issued, { subject: 'ann', roles: ['operator', 'auditor'], tags: ['web', 'mail'] })
})

test('what nobody is called', () => {
  for (const sub of [undefined, 7, '', ' ann', 'ann ', 'a\u001b[2J', 'a\u202eb', 'x'.repeat(201), ['ann'], { a: 1 }]) {
    assert.equal(issuedBy({ nameClaim: 'sub', rules: [none] }, { sub }), undefined, JSON.stringify(sub))
  }
  assert.equal(issuedBy({ nameClaim: 'constructor', rules: [none] }, {}), undefined)
  assert.equal(
    issuedBy({ nameClaim: 'sub', rules: [none] }, { sub: 'Änne Özil@example.com' })?.subject,
    'Änne Özil@example.com',
  )
})
