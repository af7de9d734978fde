import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, isPassword, parsePhcString, phcString } from './password-hash.ts'

const ten = new Uint8Array(16).fill(0x10)

test('PHC strings, both ways', () => {
  for (const [value, text] of [
    [
      { memory: 65_536, passes: 3, parallelism: 4, salt: ten, hash: new Uint8Array(32).fill(0xff) },
      '$argon2id$v=19$m=65536,t=3,p=4$EBAQEBAQEBAQEBAQEBAQEA$//////////////////////////////////////////8',
    ],
    [
      { memory: 8, passes: 1, parallelism: 1, salt: ten.slice(0, 8), hash: ten.slice(0, 12) },
      '$argon2id$v=19$m=8,t=1,p=1$EBAQEBAQEBA$EBAQEBAQEBAQEBAQ',
    ],
  ] as const) {
    assert.equal(phcString(value), text)
    assert.deepEqual(parsePhcString(text), value)
  }
})

test('what is no PHC string of Argon2id', () => {
  for (const text of [
    '',
    '$argon2i$v=19$m=8,t=1,p=1$EBAQEBAQEBA$EBAQEBAQEBAQEBAQ',
    '$argon2id$v=16$m=8,t=1,p=1$EBAQEBAQEBA$EBAQEBAQEBAQEBAQ',
    '$argon2id$v=19$m=08,t=1,p=1$EBAQEBAQEBA$EBAQEBAQEBAQEBAQ',
    '$argon2id$v=19$m=8,t=1,p=1$EBAQEBAQEBA=$EBAQEBAQEBAQEBAQ',
    '$argon2id$v=19$m=8,t=1,p=1$EBAQEBAQEBB$EBAQEBAQEBAQEBAQ',
    '$argon2id$v=19$m=8,t=1,p=1$EBAQEBAQEBA$EBAQEBAQEBAQEBAQ\n',
    '$argon2id$v=19$m=8,t=1,p=1$EBAQEBAQEBA$',
  ]) {
    assert.throws(() => parsePhcString(text), RangeError, text)
  }
})

test('a password, whether its accents are composed or not', async () => {
  const hash = await hashPassword('Mötorhead-1975')
  assert.match(hash, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/)
  assert.notEqual(await hashPassword('Mötorhead-1975'), hash)
  assert.ok(await isPassword('Mo\u0308torhead-1975', hash))
  assert.ok(!(await isPassword('Motorhead-1975', hash)))
  assert.ok(!(await isPassword('', undefined)))
})

test('who would wait too long is turned away', async () => {
  const hash = phcString({ memory: 8, passes: 1, parallelism: 1, salt: ten, hash: ten })
  const all = await Promise.allSettled(Array.from({ length: 40 }, () => isPassword('x', hash)))
  assert.deepEqual(
    all.filter(({ status }) => status === 'rejected').map(one => (one as PromiseRejectedResult).reason.code),
    Array.from({ length: 8 }, () => 'BUSY'),
  )
  assert.equal(await isPassword('x', hash), false)
})
