import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enrolmentOf } from './enrolment.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

for (const [name, authorization, url, secret] of [
  ['neither', undefined, '/rt/hsm', undefined],
  ['a password', basic(':s3cret'), '/rt/hsm', 's3cret'],
  ['a password with colons, and a user', basic('ward-7:a:b'), '/rt/hsm', 'a:b'],
  ['the scheme in other letters', basic(':s3cret').replace('Basic', 'bASIC'), '/rt/hsm', 's3cret'],
  ['in the query', undefined, '/rt/hsm?a=b&enrolment=s3cret', 's3cret'],
  ['in the query, encoded', undefined, '/rt/hsm?enrolment=a%2Fb', 'a/b'],
  ['in both', basic(':password'), '/rt/hsm?enrolment=query', 'password'],
  ['a user only', basic('user'), '/rt/hsm?enrolment=query', 'query'],
  ['an empty password', basic('user:'), '/rt/hsm', undefined],
  ['another scheme', 'Bearer s3cret', '/rt/hsm', undefined],
  ['not base64', 'Basic §', '/rt/hsm', undefined],
  ['an empty one', undefined, '/rt/hsm?enrolment=', undefined],
  ['without end', undefined, `/rt/hsm?enrolment=${'x'.repeat(257)}`, undefined],
] as const) {
  test(`${name}: ${secret ?? 'none'}`, () => assert.equal(enrolmentOf({ headers: { authorization }, url }), secret))
}
