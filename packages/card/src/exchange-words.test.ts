import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { type ExchangeWords, exchangeWords } from './exchange-words.ts'

const none = { parameters: '', data: '', answer: '' }
const table: readonly (readonly [name: string, command: string, response: string | undefined, words: ExchangeWords])[] =
  [
    [
      'a PIN',
      '0020008106363438323139',
      '63c2',
      {
        ...{ command: 'VERIFY', parameters: 'reference=user', data: 'secret' },
        ...{ outcome: 'wrongPin, 2 tries left', status: '63C2', answer: '' },
      },
    ],
    [
      'the question for it',
      '00200081',
      '9000',
      { ...none, command: 'VERIFY', parameters: 'reference=user', outcome: 'ok', status: '9000' },
    ],
    [
      'PINs beside what is none',
      '8050000019 80020001 8106363438323139 82083537363231383830 910103',
      '9000',
      {
        ...{ ...none, command: 'INITIALIZE DEVICE', outcome: 'ok', status: '9000' },
        data: 'options=1 userPin=secret soPin=secret pinTries=3',
      },
    ],
    [
      'a signature',
      '80680273 03 616263 00',
      '30060201010201019000',
      {
        ...{ command: 'SIGN', parameters: 'key=2 algorithm=115', data: '616263' },
        ...{ outcome: 'ok', status: '9000', answer: 'secret' },
      },
    ],
    [
      'structured answers',
      '8054000004',
      '020102009000',
      {
        ...{ ...none, command: 'PUBLIC KEY AUTHENTICATION status', outcome: 'ok', status: '9000' },
        answer: 'total=2 missing=1 required=2 authenticated=0',
      },
    ],
    [
      'no answer',
      '8054000004',
      undefined,
      { ...none, command: 'PUBLIC KEY AUTHENTICATION status', outcome: 'no answer', status: '' },
    ],
    [
      'a status that the command does not list',
      '8054000004',
      '6f00',
      { ...none, command: 'PUBLIC KEY AUTHENTICATION status', outcome: 'internal error of the card', status: '6F00' },
    ],
    [
      'a command that is not known',
      '00fe010203363438',
      '3634389000',
      {
        ...{ command: '00FE', parameters: '0102', data: 'not shown: of no known format' },
        ...{ outcome: 'success', status: '9000', answer: 'not shown: of no known format' },
      },
    ],
    [
      'data that do not follow the format',
      `0020008111${'36'.repeat(17)}`,
      '6700',
      {
        ...{ command: 'VERIFY', parameters: 'reference=user', data: 'not shown: of no known format' },
        ...{ outcome: 'wrongLength', status: '6700', answer: '' },
      },
    ],
  ]

for (const [name, command, response, words] of table) {
  test(name, () => {
    assert.deepEqual(exchangeWords(fromHex(command), response === undefined ? undefined : fromHex(response)), words)
  })
}
