/** Session PINs: who gets one, what it is good for, and what ends it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apdu, type EmulatedToken, emulatedToken, exchanges, pin, soPin } from '@keytether/test/emulated-token'
import { openChannel, secure } from '@keytether/test/secure-channel'
import { memoryStore } from '../store/store.ts'

const ask = '805A018100'
const wrong = '0020008106393939393939'

function initialize(options: string): string {
  return apdu.initialize.replace('80020001', `8002${options}`)
}

interface WithSessionPin extends EmulatedToken {
  /** VERIFY with the session PIN. */
  readonly verify: string
}

async function withSessionPin(options: string, store = memoryStore()): Promise<WithSessionPin> {
  const token = await emulatedToken('selected', store)
  assert.equal(await token.send(initialize(options)), '9000')
  const messaging = await openChannel(token)
  assert.equal(await secure(token, messaging, ask), '6982', 'before log-in')
  assert.equal(await secure(token, messaging, apdu.verify), '9000')
  const [, sessionPin] = /^((?:3[0-9]){8})9000$/.exec(await secure(token, messaging, ask)) ?? assert.fail()
  return { ...token, verify: `0020008108${sessionPin}` }
}

exchanges('in the clear', 'selected', [
  ['options 0005', initialize('0005'), '9000'],
  ['log in', apdu.verify, '9000'],
  ['who listens would have it', ask, '6982'],
])

exchanges('where the options do not allow it', 'loggedIn', [['session PIN', ask, '6D00']])

test('it is as good as the PIN, and costs no tries', async () => {
  const { send, verify } = await withSessionPin('0005')
  await send(apdu.select)
  assert.equal(await send('00200081'), '63C3')
  assert.equal(await send(verify), '9000')
  assert.equal(await send('0084000008').then(answer => answer.slice(-4)), '9000')
  assert.equal(await send('00D72F03 0A 54020000 5304 01020304'), '9000')
  assert.equal(await send(wrong), '63C2')
  assert.equal(await send(verify), '9000')
  await send(apdu.select)
  assert.equal(await send('00200081'), '63C2', 'nor gives it tries back')
})

test('it opens nothing while the PIN is blocked', async () => {
  const { send, verify } = await withSessionPin('0005')
  for (const left of ['63C2', '63C1', '63C0']) assert.equal(await send(wrong), left)
  assert.equal(await send(verify), '6983')
})

test('a reset ends it with option 0004, and does not with 000C', async () => {
  for (const [options, answer] of [
    ['0005', '63C2'],
    ['000D', '9000'],
  ] as const) {
    const { emulator, send, verify } = await withSessionPin(options)
    await emulator.reset()
    await send(apdu.select)
    assert.equal(await send(verify), answer, options)
  }
})

test('a power cut ends it: it is stored nowhere', async () => {
  const store = memoryStore()
  const { verify } = await withSessionPin('000D', store)
  const again = await emulatedToken('selected', store)
  assert.equal(await again.send(verify), '63C2')
})

test('what sets another PIN ends it', async () => {
  const changes = [`002400810C${pin}393939393939`, `002C00810E${soPin}393939393939`, initialize('000D')]
  for (const change of changes) {
    const { send, verify } = await withSessionPin('000D')
    assert.equal(await send(change), '9000')
    assert.equal(await send(verify), '63C2', change)
  }
})

test('another session PIN replaces it', async () => {
  const token = await withSessionPin('0005')
  const messaging = await openChannel(token)
  assert.match(await secure(token, messaging, ask), /9000$/)
  assert.equal(await token.send(token.verify), '63C2')
})
