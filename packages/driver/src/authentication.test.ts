/** Public key authentication as cards answer that no emulator is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCommand } from '@keytether/card'
import { concat, fromHex } from '@keytether/codec'
import { scriptedCard } from '@keytether/test/scripted-card'
import { Authentication, type AuthenticationOutcome } from './authentication.ts'
import { Link } from './link.ts'
import type { Identity, Version } from './types.ts'

const identity = { holderReference: 'ZZTEST000100000' } as Identity
const version: Version = { major: 4, minor: 1, type: 0 }
const challenge = fromHex('0102030405060708')
const ok = fromHex('9000')

const instruction = { setKey: 0x22, challenge: 0x84, authenticate: 0x82 } as const

function card(answer: string) {
  const channel = scriptedCard(bytes => {
    const { ins } = decodeCommand(bytes)
    if (ins === instruction.authenticate) return fromHex(answer)
    return ins === instruction.challenge ? concat(challenge, ok) : ok
  })
  return { channel, authentication: new Authentication(new Link(channel, 1232), identity, version) }
}

const outcomes: readonly (readonly [what: string, answer: string, outcome: AuthenticationOutcome])[] = [
  ['right', '9000', { status: 'authenticated' }],
  ['wrong', '6300', { status: 'wrongSignature' }],
  ['wrong, on pico-hsm', '6985', { status: 'wrongSignature' }],
  ['no such key after all', '6A88', { status: 'unknownKey' }],
]
for (const [what, answer, outcome] of outcomes) {
  test(`a signature that is ${what}: nothing comes between challenge and answer`, async () => {
    const { channel, authentication } = card(answer)
    const signed: Uint8Array[] = []
    const sign = async (message: Uint8Array) => {
      signed.push(message)
      return new Uint8Array(64)
    }
    assert.deepEqual(await authentication.authenticateWith({ holderReference: 'ZZALICE00001', sign }), outcome)
    assert.deepEqual(signed, [concat(new TextEncoder().encode('ZZTEST000100000'), challenge)])
    const sent = channel.transmissions.flat().map(bytes => decodeCommand(bytes).ins)
    assert.deepEqual(sent, [instruction.setKey, instruction.challenge, instruction.authenticate])
  })
}

test('an answer to a challenge that the card does not know any more', async () => {
  const { authentication } = card('6985')
  assert.deepEqual(await authentication.authenticate('ZZALICE00001', new Uint8Array(64)), { status: 'noChallenge' })
})
