import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError, decode, encode } from '@keytether/codec'
import { fuzzCodec } from '@keytether/test/fuzz'
import { AuditRecord } from './record.ts'

const prev = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
const front = `{"seq":7,"tenant":"tnt_lab","prev":"${prev}","at":"2026-01-31T12:00:00.000Z"`
const start = { seq: 7, tenant: 'tnt_lab', prev, at: '2026-01-31T12:00:00.000Z' }
const event = { id: 9, type: 'key.created', subject: 'key_a', data: { label: 'é\n\u2028', 1: [null, -1.5] } }
const refusal = { id: 'req_1', asked: 'POST /v1/keys/tls/sign', status: 401, outcome: 'UNAUTHORIZED' }
const use = { verb: 'sign', key: 'key_a', name: 'tls', version: 2, device: 'DECC0900001.00001' }
const signed = {
  id: 'req_1',
  operation: 'sign',
  asked: 'POST /v1/keys/tls/sign',
  principal: 'prn_a',
  name: 'web',
  credential: 'token web/first',
  address: '192.0.2.1',
  input: prev,
  uses: [use],
  status: 200,
  outcome: 'OK',
}

const rows: readonly (readonly [name: string, value: AuditRecord, line: string])[] = [
  [
    'a signature',
    { ...start, request: signed },
    `${front},"request":{"id":"req_1","operation":"sign","asked":"POST /v1/keys/tls/sign","principal":"prn_a","name":"web",` +
      `"credential":"token web/first","address":"192.0.2.1","input":"${prev}","uses":[{"verb":"sign","key":"key_a",` +
      '"name":"tls","version":2,"device":"DECC0900001.00001"}],"status":200,"outcome":"OK"}}',
  ],
  [
    'a request of nobody known',
    { ...start, request: refusal },
    `${front},"request":{"id":"req_1","asked":"POST /v1/keys/tls/sign","status":401,"outcome":"UNAUTHORIZED"}}`,
  ],
  [
    'what the service did by itself',
    { ...start, tenant: null, event },
    `${front.replace('"tnt_lab"', 'null')},"event":{"id":9,"type":"key.created","subject":"key_a",` +
      '"data":{"1":[null,-1.5],"label":"é\\n\u2028"}}}',
  ],
]

const bytes = (line: string) => new TextEncoder().encode(line)

for (const [name, value, line] of rows) {
  test(`${name}: written`, () => assert.equal(new TextDecoder().decode(encode(AuditRecord, value)), line))
  test(`${name}: read`, () => assert.deepEqual(decode(AuditRecord, bytes(line)), value))
}

test('members are written in order, whatever order they are given in, and absent ones are not', () => {
  const reversed = Object.fromEntries(Object.entries(refusal).reverse()) as typeof refusal
  const { seq, ...rest } = { ...start, request: { name: undefined, ...reversed } }
  assert.equal(new TextDecoder().decode(encode(AuditRecord, { ...rest, seq })), rows[1]![2])
})

const line = rows[1]![2]
const refused: readonly (readonly [name: string, line: string, message: RegExp])[] = [
  ['what is no JSON', line.slice(0, -1), /not JSON/],
  ['what is no object', '[]', /wanted an object/],
  ['white space', line.replace(',', ', '), /not written in the one way/],
  ['an escape without need', line.replace('tnt', '\\u0074nt'), /not written in the one way/],
  ['a member twice', line.replace('"seq":7', '"seq":7,"seq":7'), /not written in the one way/],
  ['a number in another way', line.replace('"seq":7', '"seq":7.0'), /not written in the one way/],
  ['another order', line.replace('"id":"req_1","asked"', '"asked":"","id"'), /request: wanted id, got "asked"/],
  ['a member that there is not', line.replace('"outcome"', '"pin":"","outcome"'), /request: wanted outcome, got "pin"/],
  ['a member too many', line.replace(/}$/, ',"pin":""}'), /nothing is called "pin" here/],
  ['a member missing', line.replace(/,"prev":"[^"]*"/, ''), /wanted prev, got "at"/],
  ['a negative number', line.replace('"seq":7', '"seq":-7'), /seq: wanted a whole number/],
  ['a time of another form', line.replace('.000Z', 'Z'), /at: wanted a time as/],
  ['a short hash', line.replace(prev, prev.slice(4)), /prev: wanted a SHA-256/],
  ['a hash with bits behind it', line.replace('AAA=', 'AAB='), /prev: wanted a SHA-256/],
  ['neither request nor event', `${front}}`, /wanted either a request or an event/],
]

for (const [name, text, message] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => decode(AuditRecord, bytes(text)),
      error => error instanceof DecodeError && message.test(error.message),
    )
  })
}

test('what a record cannot hold is not written', () => {
  assert.throws(() => encode(AuditRecord, { ...start, request: refusal, event }), RangeError)
  assert.throws(() => encode(AuditRecord, start), RangeError)
  assert.throws(() => encode(AuditRecord, { ...start, at: '2026', event }), RangeError)
})

fuzzCodec(
  'audit record',
  AuditRecord,
  rows.map(([, , text]) => bytes(text)),
)
