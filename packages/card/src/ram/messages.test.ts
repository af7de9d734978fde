import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import { CommandMessage, closing, closingStatus, ResponseMessage } from './messages.ts'

const query = fromHex('00200081')

describe('messages', () => {
  bothWays(CommandMessage, [
    ['one command', { number: 1, template: [{ kind: 'command', value: query }] }, '00000001 AA06 2204 00200081'],
    ['the highest number', { number: 2 ** 32 - 1, template: [] }, 'FFFFFFFF AA00'],
  ])
  bothWays(ResponseMessage, [
    [
      'one response',
      {
        number: 258,
        template: [
          { kind: 'response', value: fromHex('63C3') },
          { kind: 'executed', value: 1 },
        ],
      },
      '00000102 AB07 2302 63C3 800101',
    ],
  ])
  unwritable(CommandMessage, [['a number of five bytes', { number: 2 ** 32, template: [] }, /0 to 4294967295/]])
  rejects(CommandMessage, [
    ['nothing', '', /wanted 1 bytes, 0 left/],
    ['a number cut short', '000001', /wanted 1 bytes, 0 left/],
    ['no template', '00000001', /wanted 1 bytes, 0 left/],
    ['a template without a number', 'AA06 2204 00200081', /wanted tag AA, got 00/],
    ['a response', '00000001 AB03 800100', /wanted tag AA, got AB/],
    ['two templates', '00000001 AA00 AA00', /2 bytes left over/],
  ])
  rejects(ResponseMessage, [
    ['a command', '00000001 AA00', /wanted tag AB, got AA/],
    ['a response that goes beyond its template', '00000001 AB05 2304 9000', /wanted 5 bytes, 4 left|wanted 4 bytes/],
  ])
  fuzzCodec('commands', CommandMessage, [fromHex('00000001 AA06 2204 00200081'.replaceAll(' ', ''))])
  fuzzCodec('responses', ResponseMessage, [fromHex('00000102 AB07 2302 63C3 800101'.replaceAll(' ', ''))])
})

describe('closing', () => {
  for (const [status, reason, code] of [
    [204, 'no longer needed', 1000],
    [400, 'not the answer', 4400],
    [503, 'the service is shutting down', 4503],
  ] as const) {
    test(`${status}: ${code}`, () => {
      assert.deepEqual(closing(status, reason), { code, reason })
      assert.equal(closingStatus(code), status)
    })
  }

  test('codes that say nothing of the kind', () => {
    for (const code of [1001, 1002, 1005, 1006, 3000, 4000, 4204, 4600]) assert.equal(closingStatus(code), undefined)
  })

  test('a reason is cut where a frame ends, between characters', () => {
    const { reason } = closing(504, 'ß€'.repeat(100))
    assert.equal(reason, `${'ß€'.repeat(24)}ß`)
    assert.equal(Buffer.byteLength(reason), 122)
  })
})
