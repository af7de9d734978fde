/** Share files and password shares, exchanged with sc-hsm-tool in both directions. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { combineShares, keyEncryptionKey } from '@keytether/card'
import {
  createShareFile,
  joinPassword,
  type PasswordShare,
  readPasswordShares,
  readShareFile,
  splitPassword,
} from '@keytether/custody'
import { initialize, openscTests, openToken } from '@keytether/test/opensc'

/** Ten million rounds, up to three times, beside whatever else runs. */
const timeoutMs = 120_000
const password = 'pässword of a custodian'
const utf8 = (text: string) => new TextEncoder().encode(text)

/** What is typed when sc-hsm-tool asks for password shares. */
function typed(shares: readonly PasswordShare[]): string {
  const bytes = (value: bigint) =>
    value
      .toString(16)
      .padStart(16, '0')
      .replaceAll(/..(?=.)/g, '$&:')
  return [bytes(shares[0]!.prime), ...shares.flatMap(({ id, value }) => ['', id, bytes(value)]), ''].join('\n')
}

if (await openscTests(import.meta.filename, 600_000)) {
  const token = await openToken()
  after(() => token[Symbol.asyncDispose]())
  await initialize(token, ['--dkek-shares', '2'])

  const tool = (args: readonly string[], input?: string) =>
    token.run('sc-hsm-tool', args, { timeoutMs, ...(input !== undefined && { input }) })

  test('what sc-hsm-tool encrypts under a password, we read', async () => {
    await tool(['--create-dkek-share', 'theirs.pbe', '--password', password])
    const reading = await readShareFile(await token.read('theirs.pbe'), utf8(password))
    assert.equal(reading.status, 'ok')
  })

  test('what it splits we put together, also where it cannot itself', async () => {
    const { stdout } = await tool([
      ...['--create-dkek-share', 'split.pbe', '--pwd-shares-threshold', '2', '--pwd-shares-total', '12'],
    ])
    const shares = readPasswordShares(stdout)
    assert.deepEqual(
      shares.map(({ id }) => id),
      Array.from({ length: 12 }, (_, i) => String(i + 1)),
    )
    const file = await token.read('split.pbe')
    const [first] = joinPassword([shares[8]!, shares[2]!])
    assert.equal((await readShareFile(file, first!)).status, 'ok')
    // It prints share IDs as decimal numbers, and reads them as hexadecimal ones.
    const [asRead, asPrinted] = joinPassword([shares[10]!, shares[9]!])
    assert.deepEqual(asPrinted, first)
    assert.notDeepEqual(asRead, first)
  })

  test('what we encrypt it imports: under a password, and split, with share IDs above 9', async () => {
    const keys = [randomBytes(32), randomBytes(32)]
    await token.write('ours.pbe', await createShareFile(keys[0]!, utf8(password)))
    const pending = await tool(['--import-dkek-share', 'ours.pbe', '--password', password])
    assert.match(
      pending.stdout,
      /DKEK share imported\nDKEK shares +: 2\nDKEK import pending, 1 share\(s\) still missing/,
    )

    const split = splitPassword({ threshold: 3, total: 12 })
    await token.write('ours-split.pbe', await createShareFile(keys[1]!, split.password))
    const custodians = [11, 0, 9].map(i => split.shares[i]!)
    const { stdout } = await tool(
      ['--import-dkek-share', 'ours-split.pbe', '--pwd-shares-total', '3'],
      typed(custodians),
    )
    const keyCheckValue = Buffer.from(keyEncryptionKey(combineShares(keys)).keyCheckValue)
      .toString('hex')
      .toUpperCase()
    assert.match(stdout, new RegExp(`DKEK share imported\nDKEK shares +: 2\nDKEK key check value : ${keyCheckValue}`))
  })
}
