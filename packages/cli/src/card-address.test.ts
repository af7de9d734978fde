import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CardAddress, cardAddressText, chosenCard, parseCardAddress } from './card-address.ts'

const words: readonly (readonly [text: string, address: CardAddress])[] = [
  ['reader', { kind: 'reader' }],
  ['reader:Virtual PCD 00 00', { kind: 'reader', name: 'Virtual PCD 00 00' }],
  ['reader:a:b', { kind: 'reader', name: 'a:b' }],
  ['emulator:token.state', { kind: 'emulator', file: 'token.state' }],
  ['emulator:/a folder/token.state', { kind: 'emulator', file: '/a folder/token.state' }],
]

test('a card in one word, both ways', () => {
  for (const [text, address] of words) {
    assert.deepEqual(parseCardAddress(text), address)
    assert.equal(cardAddressText(address), text)
  }
})

test('words that name no card', () => {
  for (const text of ['', 'token.state', 'emulator', 'emulator:', 'reader:', 'readers:a', ':a', 'Reader:a']) {
    assert.throws(() => parseCardAddress(text), { name: 'CliError', code: 'usage' }, text)
  }
})

test('options that choose a card', () => {
  assert.deepEqual(chosenCard({}), { kind: 'reader' })
  assert.deepEqual(chosenCard({ reader: 'a' }), { kind: 'reader', name: 'a' })
  assert.deepEqual(chosenCard({ emulator: 'a' }), { kind: 'emulator', file: 'a' })
  assert.throws(() => chosenCard({ reader: 'a', emulator: 'b' }), { code: 'usage' })
})
