import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bothWays, rejects } from '@keytether/test/tables'
import fc from 'fast-check'
import { CustodyError } from '../errors.ts'
import { printText } from '../sheets/print-text.ts'
import { printNotation } from './notation.ts'
import { PasswordShareWords, passwordShareSheet, readPasswordShares } from './password-share-sheet.ts'
import { joinPassword, type PasswordShare, splitPassword } from './password-shares.ts'

const group = { threshold: 2, total: 12 }
const prime = 0xfffffffffffffa43n
const share = { prime, id: '10', value: 0x0084b8db011b4053n, group }

bothWays(PasswordShareWords, [
  [
    'words of share 10',
    { ...group, prime, id: '10', value: share.value },
    '01 02 0c 10 fffffffffffffa43 0084b8db011b4053',
  ],
  ['words of share 1', { ...group, prime, id: '1', value: 1n }, '01 02 0c 01 fffffffffffffa43 0000000000000001'],
])
rejects(PasswordShareWords, [
  ['of another version', '02 02 0c 10 fffffffffffffa43 0084b8db011b4053', /wanted 01, got 02/],
  ['cut short', '01 02 0c 10 fffffffffffffa43 0084b8db011b40', /wanted 8 bytes, 7 left/],
  ['longer', '01 02 0c 10 fffffffffffffa43 0084b8db011b405300', /1 bytes left over/],
])

// As sc-hsm-tool shows it, between what clears the screen.
const shown = `\x1b[H\x1b[JShare 1 of 3

Prime       : FF:FF:FF:FF:FF:FF:FA:43
Share ID    : 1
Share value : 84:B8:DB:01:1B:40:53

Please note ALL values above and press <enter> when finished\x1b[H\x1b[JShare 2 of 3


Prime       : FF:FF:FF:FF:FF:FF:FA:43
Share ID    : 2
Share value : 72:A7:FE:42:8A:C7:0E:42
`

describe('read', () => {
  const unknown = ({ group, ...rest }: PasswordShare) => rest
  const rows = passwordShareSheet(share, 'web-1.pbe').parts[0]!.rows
  const inputs: [string, string, PasswordShare[]][] = [
    ['a sheet', printText(passwordShareSheet(share, 'web-1.pbe')), [share]],
    [
      'two sheets',
      [share, { ...share, id: '2' }].map(s => printText(passwordShareSheet(s, 'x'))).join(''),
      [share, { ...share, id: '2' }],
    ],
    ['words', rows.map(row => row.replace(/^ *\d+ +/, '').replace(/ +#.*/, '')).join(' '), [share]],
    ['three lines', printNotation(share).join('\n'), [unknown(share)]],
    ['three numbers', 'FFFFFFFFFFFFFA43 010 84:B8:DB:01:1B:40:53', [unknown(share)]],
    [
      'what sc-hsm-tool shows',
      shown,
      [
        { prime, id: '1', value: 0x84b8db011b4053n },
        { prime, id: '2', value: 0x72a7fe428ac70e42n },
      ],
    ],
  ]
  for (const [name, text, shares] of inputs) test(name, () => assert.deepEqual(readPasswordShares(text), shares))
})

test('the notation is that of sc-hsm-tool, which leaves zeros at the front out', () => {
  assert.deepEqual(printNotation(share), [
    'Prime       : ff:ff:ff:ff:ff:ff:fa:43',
    'Share ID    : 10',
    'Share value : 84:b8:db:01:1b:40:53',
  ])
})

describe('not read', () => {
  const other = 'abandon '.repeat(11).trim()
  const inputs: [string, string, RegExp][] = [
    ['nothing', '', /nothing of a password share/],
    ['words of something else', `${other} about`, /wanted 15 words, got 12/],
    ['a prime of more than 64 bits', `${'ff'.repeat(9)} 1 84:B8`, /nothing of a password share/],
    ['a share without its prime', '1 84:B8:DB:01:1B:40:53', /nothing of a password share/],
    [
      'a wrong word in a row',
      printText(passwordShareSheet(share, 'x')).replace(/^( 1 {2}\w+) \w+/m, '$1 zoo'),
      /row 1 is not/,
    ],
  ]
  for (const [name, text, message] of inputs) {
    test(name, () => assert.throws(() => readPasswordShares(text), { code: 'WRONG_SHEET', message }))
  }
})

test('any text has shares that can be put together, or it is told what is wrong with it', () => {
  const { shares } = splitPassword({ threshold: 2, total: 3 })
  const sheets = shares.map(share => printText(passwordShareSheet({ ...share, group: share.group! }, 'x')))
  const pieces = fc.constantFrom(...sheets, ...sheets.flatMap(sheet => sheet.split('\n')), 'ff:ff', '0', '1', 'Prime :')
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces).map(parts => parts.join('\n')),
  )
  fc.assert(
    fc.property(texts, text => {
      try {
        assert.ok(joinPassword(readPasswordShares(text)).length > 0)
      } catch (error) {
        assert.ok(error instanceof CustodyError, String(error))
      }
    }),
  )
})

test('a sheet of each share of a password', () => {
  const { shares } = splitPassword({ threshold: 3, total: 12 })
  for (const share of shares) {
    const whole = { ...share, group: share.group! }
    assert.deepEqual(readPasswordShares(printText(passwordShareSheet(whole, 'x'))), [share])
  }
})
