/** `opensc-tool` sends what the card allows and what it refuses, through OpenSC's own driver for the card, and PC/SC. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type CardCase, cardCases } from '@keytether/test/card-cases'
import { openscTests, openToken, type TokenInReader } from '@keytether/test/opensc'

if (await openscTests(import.meta.filename, 240_000)) {
  let token = await openToken()
  after(() => token[Symbol.asyncDispose]())

  let ruined = false

  /** An initialisation at the start makes any token a fresh one, unless its SO-PIN is blocked; otherwise it takes another. */
  const prepare = async ({ before, unselected }: CardCase) => {
    const initializes = typeof before[0] === 'string' && before[0].startsWith('8050')
    if (ruined || !(initializes || unselected)) {
      await token.end('SIGTERM')
      await token[Symbol.asyncDispose]()
      token = await openToken()
    }
    ruined = before.some(step => typeof step !== 'string' && step[0].startsWith('00200088'))
  }

  for (const [command, cases] of cardCases) {
    describe(command, () => {
      for (const [index, row] of cases.entries()) {
        test(`${index}: ${row.name}: ${row.answer}`, async () => {
          await prepare(row)
          const steps = [...row.before, [row.command, row.answer] as const]
          assert.deepEqual(
            await statusWords(
              token,
              row,
              steps.map(step => (typeof step === 'string' ? step : step[0])),
            ),
            steps.map(step => (typeof step === 'string' ? '9000' : step[1])),
          )
        })
      }
    })
  }
}

/** With the driver for cards that it does not know, OpenSC selects nothing. */
async function statusWords(token: TokenInReader, row: CardCase, commands: readonly string[]): Promise<string[]> {
  if (row.unselected) await token.run('opensc-tool', ['--reset'])
  const driver = row.unselected ? 'default' : 'sc-hsm'
  const sent = commands.flatMap(command => ['--send-apdu', command.replaceAll(' ', '')])
  const { stdout } = await token.run('opensc-tool', ['--card-driver', driver, ...sent])
  return [...stdout.matchAll(/SW1=0x(..), SW2=0x(..)/g)].map(([, sw1, sw2]) => `${sw1}${sw2}`)
}
