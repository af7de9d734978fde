import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CardAddress, cardAddressText, chosenCard, parseCardAddress } from './card-address.ts'

const words: readonly (readonly [text: string, address: CardAddress])[] = [
  ['reader', { kind: 'reader' }],
  ['reader:Virtual PCD 00 00', { kind: 'reader', name: 'Virtual PCD 00 00' }],
  ['reader:a:b', { kind: 'reader', name: 'a:b' }],
  ['emulator:token.state', { kind: 'emulator', file: 'token.state' }],
  ['service', { kind: 'service' }],
  ['service:ZZEMU0000001', { kind: 'service', device: 'ZZEMU0000001' }],
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
  assert.deepEqual(chosenCard({ service: 'https://a' }), { kind: 'service' })
  assert.deepEqual(chosenCard({ device: 'a' }), { kind: 'service', device: 'a' })
  assert.deepEqual(chosenCard({ service: 'https://a', device: 'b' }), { kind: 'service', device: 'b' })
})

test('options that choose several', () => {
  const rows = [
    [{ reader: 'a', emulator: 'b' }, '--reader and --emulator'],
    [{ reader: 'a', service: 'b' }, '--reader and --service'],
    [{ emulator: 'a', service: 'b', device: 'c' }, '--emulator and --device'],
  ] as const
  for (const [options, names] of rows) {
    const message = `${names} name different cards: give one of them`
    assert.throws(() => chosenCard(options), { code: 'usage', message })
  }
})
