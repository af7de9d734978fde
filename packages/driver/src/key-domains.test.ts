/** Key domains as cards describe them that no emulator is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCommand } from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { scriptedCard } from '@keytether/test/scripted-card'
import { domainWords, KeyDomains, keyDomainState } from './key-domains.ts'
import { Link } from './link.ts'

/** By index; further ones are not there. */
function domains(answers: readonly string[], none: string): KeyDomains {
  const card = scriptedCard(bytes => fromHex(answers[decodeCommand(bytes).p2] ?? none))
  return new KeyDomains(new Link(card, 1232))
}

const uid = '5a'.repeat(64)

test('as pico-hsm lists them: a group has 255 shares, and too high an index is another error', async () => {
  const card = domains(['0201 0000000000000000 9000', '6A88', `FF00 0000000000000000 ${uid} 9000`], '6B00')
  const listed = await card.list()
  const noValue = new Uint8Array(8)
  assert.deepEqual(listed, [
    { index: 0, shares: 2, outstanding: 1, keyCheckValue: noValue },
    { index: 1, shares: 0, outstanding: 0, keyCheckValue: noValue },
    { index: 2, shares: 0, outstanding: 0, keyCheckValue: noValue, uid: fromHex(uid) },
  ])
  assert.deepEqual(listed.map(keyDomainState), ['incomplete', 'notSetUp', 'incomplete'])
  assert.equal(domainWords(listed[2]!), 'domain 2, of a group, has no key yet')
})

for (const none of ['6D00', '6A86', '6B00', '6700']) {
  test(`no domains, said with ${none}`, async () => assert.deepEqual(await domains([], none).list(), []))
}

const share = new Uint8Array(32)

for (const [answer, code] of [
  ['6985', 'NOT_LOGGED_IN'],
  ['6982', 'NOT_LOGGED_IN'],
  ['6B00', 'NO_KEY_DOMAIN'],
  ['6986', 'NOT_ALLOWED'],
] as const) {
  test(`a share that is refused with ${answer}`, () =>
    assert.rejects(domains([answer], '6A86').importShare(0, share), { code }))
}
