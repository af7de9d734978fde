import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '../errors.ts'
import { readAnswer, readChallenge, writeAnswer, writeChallenge } from './challenge-document.ts'

const challenge = { device: 'DENK010570200000', key: 'DEALICE00001', challenge: Buffer.from('0011223344556677', 'hex') }
const answer = { device: 'DENK010570200000', key: 'DEALICE00001', signature: Buffer.alloc(64, 0x5a) }

test('a challenge, both ways', () => {
  const text = writeChallenge(challenge)
  assert.deepEqual(JSON.parse(text), { ...challenge, challenge: '0011223344556677' })
  assert.deepEqual(readChallenge(Buffer.from(text)), challenge)
})

test('an answer, both ways', () => {
  const text = writeAnswer(answer)
  assert.deepEqual(JSON.parse(text), { ...answer, signature: '5a'.repeat(64) })
  assert.deepEqual(readAnswer(Buffer.from(text)), answer)
})

test('what is none is refused, and not quoted', () => {
  const whole = { device: 'DENK010570200000', key: 'DEALICE00001', challenge: '0011223344556677' }
  const bad: readonly unknown[] = [
    '',
    [],
    null,
    'text',
    {},
    { ...whole, challenge: undefined },
    { ...whole, challenge: '00' },
    { ...whole, challenge: '001122334455667788' },
    { ...whole, challenge: '001122334455667G' },
    { ...whole, challenge: 7 },
    { ...whole, device: '' },
    { ...whole, device: 'A'.repeat(17) },
    { ...whole, key: 'line\nfeed' },
    { ...whole, message: 'sign this, too' },
  ]
  const refused = (error: unknown) => error instanceof CliError && error.message === 'this is no challenge'
  for (const each of bad) assert.throws(() => readChallenge(Buffer.from(JSON.stringify(each))), refused)
  assert.throws(() => readChallenge(Buffer.from('{')), refused)
  assert.throws(() => readChallenge(Buffer.from(writeAnswer(answer))), refused)
  assert.throws(() => readAnswer(Buffer.from(writeChallenge(challenge))), /this is no answer/)
  const short = writeAnswer({ ...answer, signature: Buffer.alloc(8) })
  assert.throws(() => readAnswer(Buffer.from(short)), /this is no answer/)
})
