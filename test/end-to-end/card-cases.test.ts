/** What the emulated card allows and what it refuses, command by command; `test/interop` asks the same through OpenSC. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commands } from '@keytether/card'
import { cardCases } from '@keytether/test/card-cases'
import { apdu, emulatedToken } from '@keytether/test/emulated-token'

for (const [command, cases] of cardCases) {
  describe(command, () => {
    for (const [index, { name, before, command: sent, answer, unselected }] of cases.entries()) {
      test(`${index}: ${name}: ${answer}`, async () => {
        const { send } = await emulatedToken('powered')
        if (!unselected) await send(apdu.select)
        for (const step of before) {
          const [first, wanted] = typeof step === 'string' ? [step, '9000'] : step
          assert.equal((await send(first)).slice(-4), wanted, first)
        }
        assert.equal((await send(sent)).slice(-4), answer)
      })
    }
  })
}

/** No path leads anywhere; others take a signature over a challenge or this very device's key, or secure messaging, which fixed bytes are not. */
const notInRows = [
  ...['SelectPath', 'ReplaceAuthenticationKey', 'ExternalAuthenticate', 'MakeSessionPin'],
  ...['CreateGroupDomain', 'AgreeDomainKey'],
]

test('every command is allowed somewhere, and refused before the application is selected', () => {
  const lacking = Object.keys(commands).filter(command => {
    const names = cardCases.get(command)?.map(({ name }) => name) ?? []
    // Selecting the application is what comes before it.
    const allowed = names.includes('allowed') || notInRows.includes(command)
    return !allowed || !(names.includes('not selected') || command === 'SelectApplication')
  })
  assert.deepEqual(lacking, [])
})
