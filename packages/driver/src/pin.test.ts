import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { type ScriptedCard, scriptedCard } from '@keytether/test/scripted-card'
import { Link } from './link.ts'
import { changePin, initialize, pinStatus, resetRetryCounter, verifyPin } from './pin.ts'
import type { PinOutcome, PinStatus } from './types.ts'

const version = { major: 4, minor: 1, type: 0 }
const pin = Buffer.from('648219')
const soPin = Buffer.from('57621880')

/** Answers in turn. */
function card(...answers: string[]): ScriptedCard {
  return scriptedCard((_, index) => fromHex(answers[index]!))
}

function sent(channel: ScriptedCard): string[] {
  return channel.transmissions.flat().map(toHex)
}

const states: [string, string, PinStatus][] = [
  ['presented', '9000', { status: 'verified' }],
  ['not presented', '63C3', { status: 'notVerified', triesLeft: 3 }],
  ['no try left', '63C0', { status: 'blocked' }],
  ['blocked', '6983', { status: 'blocked' }],
  ['a transport PIN', '6984', { status: 'transportPin' }],
  ['no PIN', '6A88', { status: 'notInitialized' }],
  ['public keys wanted', '6300', { status: 'notAuthenticated' }],
]
for (const [name, answer, status] of states) {
  test(`the state of a PIN: ${name}`, async () => {
    const channel = card(answer)
    assert.deepEqual(await pinStatus(new Link(channel, 1232), version, 'user'), status)
    assert.deepEqual(sent(channel), ['00200081'])
  })
}

test('the state of the PIN of a card of before version 2.0', async () => {
  const old = { ...version, major: 1 }
  assert.deepEqual(await pinStatus(new Link(card('6984'), 1232), old, 'user'), { status: 'notInitialized' })
})

test("the security officer's PIN is asked for under its own reference", async () => {
  const channel = card('63CF')
  const status = await pinStatus(new Link(channel, 1232), version, 'so')
  assert.deepEqual(status, { status: 'notVerified', triesLeft: 15 })
  assert.deepEqual(sent(channel), ['00200088'])
})

interface Case {
  readonly answers: string[]
  readonly outcome: PinOutcome
  readonly commands: number
  readonly lastTry?: boolean
}

const presented: Record<string, Case> = {
  right: { answers: ['63C3', '9000'], outcome: { status: 'verified' }, commands: 2 },
  'already presented': { answers: ['9000', '9000'], outcome: { status: 'verified' }, commands: 2 },
  wrong: { answers: ['63C3', '63C2'], outcome: { status: 'wrongPin', triesLeft: 2 }, commands: 2 },
  'one try left': { answers: ['63C1'], outcome: { status: 'lastTry', triesLeft: 1 }, commands: 1 },
  'one try left, and told to spend it': {
    answers: ['63C1', '9000'],
    outcome: { status: 'verified' },
    commands: 2,
    lastTry: true,
  },
  'the last try spent': { answers: ['63C1', '6983'], outcome: { status: 'blocked' }, commands: 2, lastTry: true },
  blocked: { answers: ['6983'], outcome: { status: 'blocked' }, commands: 1, lastTry: true },
  'transport PIN': { answers: ['6984'], outcome: { status: 'transportPin' }, commands: 1 },
  'no PIN': { answers: ['6A88'], outcome: { status: 'notInitialized' }, commands: 1 },
}
for (const [name, { answers, outcome, commands, lastTry }] of Object.entries(presented)) {
  test(`presenting the PIN: ${name}`, async () => {
    const channel = card(...answers)
    const options = lastTry === undefined ? {} : { lastTry }
    assert.deepEqual(await verifyPin(new Link(channel, 1232), version, pin, options), outcome)
    assert.deepEqual(sent(channel), ['00200081', '0020008106363438323139'].slice(0, commands))
  })
}

for (const length of [0, 5, 17]) {
  test(`a PIN of ${length} bytes is not sent`, async () => {
    const channel = card()
    const outcome = await verifyPin(new Link(channel, 1232), version, new Uint8Array(length), {})
    assert.deepEqual(outcome, { status: 'wrongLength' })
    assert.deepEqual(sent(channel), [])
  })
}

test('changing the PIN', async () => {
  const channel = card('63C3', '9000')
  const outcome = await changePin(new Link(channel, 1232), version, 'user', pin, Buffer.from('1234567'), {})
  assert.deepEqual(outcome, { status: 'verified' })
  assert.deepEqual(sent(channel), ['00200081', '002400810d36343832313931323334353637'])
})

test('changing a transport PIN, which cannot be presented', async () => {
  const outcome = await changePin(new Link(card('6984', '9000'), 1232), version, 'user', pin, pin, {})
  assert.deepEqual(outcome, { status: 'verified' })
})

test("changing the security officer's PIN never spends its last try by itself", async () => {
  const channel = card('63C1')
  const outcome = await changePin(new Link(channel, 1232), version, 'so', soPin, soPin, {})
  assert.deepEqual(outcome, { status: 'lastTry', triesLeft: 1 })
  assert.deepEqual(sent(channel), ['00200088'])
})

test('unblocking, with a new PIN and without', async () => {
  const channel = card('63CF', '9000', '63CF', '6986')
  const link = new Link(channel, 1232)
  assert.deepEqual(await resetRetryCounter(link, version, soPin, pin, {}), { status: 'verified' })
  assert.deepEqual(await resetRetryCounter(link, version, soPin, undefined, {}), { status: 'notAllowed' })
  assert.deepEqual(sent(channel), [
    '00200088',
    '002c00810e3537363231383830363438323139',
    '00200088',
    '002c0181083537363231383830',
  ])
})

test('initialising as sc-hsm-tool does', async () => {
  const channel = card('6A88', '9000')
  const outcome = await initialize(new Link(channel, 1232), version, { soPin, userPin: pin, dkekShares: 1 }, {})
  assert.deepEqual(outcome, { status: 'verified' })
  assert.deepEqual(sent(channel), ['00200088', '805000001c80020001810636343832313982083537363231383830910103920101'])
})

test('initialising with keys for authentication, with a PIN and without, and with key domains', async () => {
  const publicKeyAuthentication = { total: 2, required: 1 }
  for (const [parameters, data] of [
    [{ userPin: pin, options: 0x0011, publicKeyAuthentication }, '80020011 8106363438323139 8208COD 910103 93020201'],
    [{ options: 0x0000, publicKeyAuthentication, keyDomains: 4 }, '80020000 8208COD 93020201 970104'],
    [{ options: 0x0000, publicKeyAuthentication, dkekShares: 0 }, '80020000 8208COD 920100 93020201'],
  ] as const) {
    const channel = card('6A88', '9000')
    assert.deepEqual(await initialize(new Link(channel, 1232), version, { soPin, ...parameters }, {}), {
      status: 'verified',
    })
    const body = toHex(fromHex(data.replace('COD', '3537363231383830')))
    const length = (body.length / 2).toString(16).padStart(2, '0')
    assert.equal(sent(channel)[1], `80500000${length}${body}`)
  }
})

test('what a card does not support, or does not take', async () => {
  const parameters = { soPin, userPin: pin, keyDomains: 4 }
  for (const [answer, code] of [
    ['6A81', 'NOT_SUPPORTED'],
    ['6A80', 'WRONG_DATA'],
  ] as const) {
    const channel = card('6A88', answer)
    await assert.rejects(initialize(new Link(channel, 1232), version, parameters, {}), { code })
  }
})

test('initialising with the wrong code, and when one try is left', async () => {
  const parameters = { soPin, userPin: pin }
  const wrong = await initialize(new Link(card('63CF', '63CE'), 1232), version, parameters, {})
  assert.deepEqual(wrong, { status: 'wrongPin', triesLeft: 14 })
  const last = card('63C1')
  assert.deepEqual(await initialize(new Link(last, 1232), version, parameters, {}), { status: 'lastTry', triesLeft: 1 })
  assert.equal(sent(last).length, 1)
})

test('more tries than a PIN of its length may have are refused here', async () => {
  const parameters = { soPin, userPin: pin, pinTries: 4 }
  await assert.rejects(initialize(new Link(card(), 1232), version, parameters, {}), RangeError)
})

test('no error names a PIN', async () => {
  for (const answer of ['6F00', '6581', '63']) {
    await assert.rejects(verifyPin(new Link(card('63C3', answer), 1232), version, pin, {}), (error: Error) => {
      const text = `${error.stack}${JSON.stringify(error)}`
      return !text.includes('648219') && !text.includes('363438323139')
    })
  }
})
