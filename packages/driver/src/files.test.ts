import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCommand, UpdateBinary } from '@keytether/card'
import { concat, fromHex, toHex } from '@keytether/codec'
import { scriptedCard } from '@keytether/test/scripted-card'
import { DriverError } from './errors.ts'
import { deleteCall, expectContent, readFiles, writeCalls } from './files.ts'
import { Link } from './link.ts'

const version = { major: 4, minor: 1, type: 0 }

function link(...answers: string[]) {
  return new Link(
    scriptedCard((_, index) => fromHex(answers[index] ?? '6F00')),
    1232,
  )
}

const endings: [string, string[], string][] = [
  ['the warning', ['0102 6282'], '0102'],
  ['an empty answer', ['0102 9000', '9000'], '0102'],
  ['an empty answer with the warning', ['0102 9000', '6282'], '0102'],
  ['an offset that is refused', ['0102 9000', '6B00'], '0102'],
  ['an empty file', ['9000'], ''],
  ['several answers', ['01 9000', '02 9000', '03 6282'], '010203'],
]
for (const [name, answers, content] of endings) {
  test(`the end of a file: ${name}`, async () => {
    const [file] = await readFiles(link(...answers), version, [{ fid: 0xcf00 }])
    assert.equal(toHex(expectContent(file!, 'data')), content)
  })
}

test('a data object is at its end when it is complete', async () => {
  const [file] = await readFiles(link('3003020101FFFF 9000'), version, [{ fid: 0xc401, object: true }])
  assert.equal(toHex(expectContent(file!, 'description')), '3003020101')
})

test('what comes in place of content', async () => {
  const files = await readFiles(link('6A82', '6982', '6F00'), version, [{ fid: 1 }, { fid: 2 }, { fid: 3 }])
  const codes = files.map(file => {
    try {
      return expectContent(file, 'data')
    } catch (error) {
      return error instanceof DriverError ? error.code : (error as Error).name
    }
  })
  assert.deepEqual(codes, ['FILE_NOT_FOUND', 'NOT_LOGGED_IN', 'UnexpectedStatusError'])
})

for (const length of [1, 1230]) {
  test(`a file without end, ${length} bytes at a time`, async () => {
    const card = scriptedCard(() => concat(new Uint8Array(length), fromHex('9000')))
    const [file] = await readFiles(new Link(card, 1232), version, [{ fid: 0xcf00 }])
    assert.throws(() => expectContent(file!, 'data'), { code: 'MALFORMED' })
    assert.ok(card.transmissions.length <= 100)
  })
}

test('writing in pieces that fit, each behind the one before', () => {
  const content = Uint8Array.from({ length: 3000 }, (_, i) => i)
  const calls = writeCalls(link(), 0xcf01, content)
  const updates = calls.map(({ apdu }) => UpdateBinary.decodeData(decodeCommand(apdu)))
  assert.ok(calls.every(({ apdu }) => apdu.length <= 1232))
  assert.deepEqual(concat(...updates.map(({ data }) => data)), content)
  let end = 0
  for (const { offset, data } of updates) {
    assert.equal(offset, end)
    end += data.length
  }
  assert.equal(calls.length, 3)
})

test('an empty file is written, too', () => {
  assert.deepEqual(
    writeCalls(link(), 0xce01, new Uint8Array()).map(({ apdu }) => toHex(apdu)),
    ['00d7ce0106540200005300'],
  )
})

test('deleting', () => assert.equal(toHex(deleteCall(0xcc01).apdu), '00e4020002cc01'))

test('more than a file can hold', () => {
  assert.throws(() => writeCalls(link(), 0xcf01, new Uint8Array(65_536)), { code: 'FILE_TOO_LARGE' })
})
