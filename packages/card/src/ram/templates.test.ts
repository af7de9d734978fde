import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, encode, fromHex, toHex } from '@keytether/codec'
import { fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects } from '@keytether/test/tables'
import fc from 'fast-check'
import {
  type CommandElement,
  CommandTemplate,
  Initiation,
  type ResponseElement,
  ResponseTemplate,
} from './templates.ts'

const atr = '3BFE1800008131FE458031815448534D31738021408107FA'
const select = '00A404000BE82B0601040181C31F0201'
const query = '00200081'

const command = (hex: string): CommandElement => ({ kind: 'command', value: fromHex(hex) })
const reset: CommandElement = { kind: 'reset', value: new Uint8Array() }
const notify = (id: number, text: string): CommandElement => ({ kind: 'notify', value: { id, text } })
const response = (hex: string): ResponseElement => ({ kind: 'response', value: fromHex(hex) })
const answerToReset: ResponseElement = { kind: 'reset', value: fromHex(atr) }
const executed = (value: number): ResponseElement => ({ kind: 'executed', value })
const close = (reason: string): ResponseElement => ({ kind: 'close', value: { reason } })

/** Sessions of CardContact's ram-client, recorded. */
describe('recorded', () => {
  bothWays(Initiation, [['first message', { atr: fromHex(atr) }, `E81A C018 ${atr}`]])

  bothWays(CommandTemplate, [
    ['one command', [command(select)], `AA12 2210 ${select}`],
    ['two commands', [command(query), command('80040000021122')], 'AA0F 2204 00200081 2207 80040000021122'],
    ['completion', [notify(0, 'All done')], 'AA0F E00D 020100 0C08 416C6C20646F6E65'],
    ['nothing to do', [], 'AA00'],
    ['a reset among commands', [command(select), reset, command(query)], `AA1A 2210${select} C000 2204${query}`],
    ['a reset alone', [reset], 'AA02 C000'],
    [
      'a card that is pulled',
      [command(select), command('80030000'), command(query)],
      `AA1E 2210${select} 220480030000 2204${query}`,
    ],
    [
      'an error between commands',
      [command(select), notify(-1, 'Failure talking to card. Is this a SmartCard-HSM ?'), command(query)],
      `AA51 2210${select}
       E037 0201FF 0C32 4661696C7572652074616C6B696E6720746F20636172642E2049732074686973206120536D617274436172642D48534D203F
       2204${query}`,
    ],
    [
      'two notifications, one with a number of two bytes and UTF-8',
      [notify(1, 'Step 1'), notify(300, 'Größe')],
      'AA1C E00B 020101 0C06 537465702031 E00D 0202012C 0C07 4772C3B6C39F65',
    ],
    ['a command with a long answer', [command('80020FFF000000')], 'AA09 2207 80020FFF000000'],
  ])

  bothWays(ResponseTemplate, [
    ['one response', [response('9000'), executed(1)], 'AB07 2302 9000 8001 01'],
    [
      'a warning does not stop the batch',
      [response('63C3'), response('800400000211229000'), executed(2)],
      'AB12 2302 63C3 2309 800400000211229000 8001 02',
    ],
    ['nothing done', [executed(0)], 'AB03 8001 00'],
    [
      'a reset among responses does not count',
      [response('9000'), answerToReset, response('63C3'), executed(2)],
      `AB25 23029000 C018${atr} 230263C3 800102`,
    ],
    ['a reset alone', [answerToReset, executed(0)], `AB1D C018${atr} 800100`],
    [
      'a card that is pulled: an empty response, the reason, and how far it went',
      [response('9000'), response(''), close('Transaction failed.'), executed(2)],
      'AB20 23029000 2300 E115 0C13 5472616E73616374696F6E206661696C65642E 800102',
    ],
    [
      'no card to reset',
      [close('No smart card inserted.'), executed(0)],
      `AB1E E119 0C17 ${Buffer.from('No smart card inserted.').toString('hex')} 800100`,
    ],
    [
      'an answer too long for the client',
      [close('Insufficient buffer.'), executed(0)],
      'AB1B E116 0C14 496E73756666696369656E74206275666665722E 800100',
    ],
  ])
})

describe('not recorded, but allowed', () => {
  bothWays(Initiation, [
    [
      'with the sizes that the reader can carry',
      { atr: fromHex(atr), maxCommandSize: 1232, maxResponseSize: 65536 },
      `E823 C018${atr} C10204D0 C203010000`,
    ],
  ])
  bothWays(ResponseTemplate, [
    ['130 commands', [executed(130)], 'AB04 8002 0082'],
    ['without the number, as the oldest clients', [response('9000')], 'AB04 23029000'],
    ['giving up without a reason', [{ kind: 'close', value: {} }], 'AB02 E100'],
  ])
  bothWays(CommandTemplate, [
    ['a notification without text', [{ kind: 'notify', value: { id: -5 } }], 'AA05 E003 0201FB'],
    [
      'with the time that it takes',
      [{ kind: 'notify', value: { id: 1, text: 'a', secondsLeft: 90 } }],
      'AA0B E009 020101 0C0161 C3015A',
    ],
  ])

  const read = [
    ['an unknown object in the first message', Initiation, `E81D C018${atr} E20101`, { atr: fromHex(atr) }],
    ['sizes before the ATR', Initiation, `E81E C10204D0 C018${atr}`, { atr: fromHex(atr), maxCommandSize: 1232 }],
    ['an unknown object in a notification', CommandTemplate, 'AA0A E008 020101 C40101 0C00', [notify(1, '')]],
    ['a reset with a value', CommandTemplate, 'AA03 C001FF', [{ kind: 'reset', value: fromHex('FF') }]],
  ] as const
  for (const [name, codec, hex, value] of read) {
    test(name, () => assert.deepEqual(decode<unknown>(codec, fromHex(hex)), value))
  }
})

/** Peers may pad lengths and numbers; readers of a connection take them. */
describe('lengths not in their shortest form', () => {
  const peer = { lengths: 'any' } as const
  for (const hex of [
    `AA8106 2204 ${query}`,
    `AA820006 2204 ${query}`,
    `AA07 228104 ${query}`,
    `AA08 22820004 ${query}`,
    `AA81 08 22820004 ${query}`,
  ]) {
    test(`taken: ${hex}`, () => assert.deepEqual(decode(CommandTemplate, fromHex(hex), peer), [command(query)]))
    rejects(CommandTemplate, [[`unless asked for: ${hex}`, hex, /not in its shortest form/]])
  }
  test('taken: a padded number', () => {
    assert.deepEqual(decode(ResponseTemplate, fromHex('AB06 800400000001'), peer), [executed(1)])
  })

  rejects(
    CommandTemplate,
    [
      ['indefinite', `AA80 2204 ${query} 0000`, /length byte 80 is not supported \(at byte 1\)/],
      ['indefinite, inside', `AA08 2280 ${query} 0000`, /length byte 80 is not supported \(at byte 3\)/],
      ['three bytes', `AA83000006 2204 ${query}`, /not in its shortest form/],
      ['three bytes, inside', `AA09 2283000004 ${query}`, /not in its shortest form/],
      ['four bytes', `AA8400000006 2204 ${query}`, /length byte 84 is not supported/],
    ],
    peer,
  )
})

describe('refused', () => {
  rejects(CommandTemplate, [
    ['nothing', '', /wanted 1 bytes, 0 left/],
    ['a response template', 'AB03800100', /wanted tag AA, got AB/],
    ['two templates', 'AA00AA00', /2 bytes left over/],
    ['an unknown object', 'AA029900', /tag 99 is not allowed here \(at byte 2\)/],
    ['a response', 'AA0423029000', /tag 23 is not allowed here/],
    ['a close', 'AA02E100', /tag E1 is not allowed here/],
    ['a tag of two bytes', 'AA055F20020000', /tag 5F20 is not allowed here/],
    ['a command that goes beyond its template', 'AA06 22050020', /wanted 6 bytes, 4 left/],
    ['a command that ends before its length', 'AA04 22050020', /wanted 5 bytes, 2 left/],
    ['a notification without a number', 'AA05 E003 0C0161', /id \(tag 02\) is missing/],
    ['a notification with its objects swapped', 'AA08 E006 0C0161 020101', /tag 02 is out of order/],
    ['a number of five bytes', 'AA09 E007 02050100000000', /an integer of 1 to 4 bytes, got 5/],
    ['a number of none', 'AA04 E002 0200', /an integer of 1 to 4 bytes, got 0/],
    ['text that is not UTF-8', 'AA08 E006 020101 0C01C3', /not UTF-8/],
    ['a value for a reset that no ATR can have', `AA27 C025${'00'.repeat(37)}`, /wanted 0 to 36 bytes, got 37/],
  ])
  rejects(ResponseTemplate, [
    ['a command', 'AB0622040020 0081', /tag 22 is not allowed here/],
    ['an ATR too long', `AB27 C025${'00'.repeat(37)}`, /wanted 0 to 36 bytes, got 37/],
    ['a number of none', 'AB028000', /an integer of 1 to 4 bytes, got 0/],
  ])
  rejects(Initiation, [
    ['no ATR', 'E800', /atr \(tag C0\) is missing/],
    ['two ATRs', 'E804C000C000', /tag C0 occurs twice/],
    ['another template', 'AB03800100', /wanted tag E8, got AB/],
  ])
})

describe('any template', () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  const id = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  const plain = { noNullPrototype: true } as const
  const element = fc.oneof(
    fc.record({ kind: fc.constant('command' as const), value: bytes }, plain),
    fc.record({ kind: fc.constant('reset' as const), value: fc.uint8Array({ maxLength: 36 }) }, plain),
    fc.record(
      { kind: fc.constant('notify' as const), value: fc.record({ id, text: fc.string({ unit: 'binary' }) }, plain) },
      plain,
    ),
  )
  test('there and back', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), elements => {
        assert.deepEqual(decode(CommandTemplate, encode(CommandTemplate, elements)), elements)
      }),
    )
  })
  test('as large as a batch of the longest commands is', () => {
    const elements = Array.from({ length: 40 }, () => command('00'.repeat(1462)))
    const hex = toHex(encode(CommandTemplate, elements))
    assert.ok(hex.startsWith('aa82'))
    assert.equal(decode(CommandTemplate, fromHex(hex)).length, 40)
  })

  const reader = { lengths: 'any' } as const
  const commandSamples = [`AA1A 2210${select} C000 2204${query}`, 'AA0B E009 020101 0C0161 C3015A', 'AA00'].map(fromHex)
  const responseSamples = [`AB25 23029000 C018${atr} 230263C3 800102`, 'AB0C 2300 E105 0C03 616263 800102'].map(fromHex)
  fuzzCodec('commands', CommandTemplate, commandSamples, { reader })
  fuzzCodec('responses', ResponseTemplate, responseSamples, { reader })
  fuzzCodec('first message', Initiation, [fromHex(`E823 C018${atr} C10204D0 C203010000`)], { reader })
})
