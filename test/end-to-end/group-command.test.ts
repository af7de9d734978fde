/** `keytether group` as its users type it, against a service with tokens that agents connect. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emulatorRoot } from '@keytether/emulator'
import { BenchToken, until } from '@keytether/test/group-bench'
import { keytether } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'

test('a group, from its making to a check that finds everything in order', async () => {
  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  const env = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await keytether(['group', ...args], { env })
    assert.equal(code, 0, stderr)
    return stdout
  }
  const tokens = [await BenchToken.make(), await BenchToken.make()] as const
  for (const token of tokens) await bench.dialIn(await token.plug())
  const [first, second] = tokens.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)) as [string, string]

  assert.match(await run('create', 'pair'), /group pair is made/)
  assert.match(await run('move', first, 'pair', '--priority', '1'), /is in pair, priority 1/)
  assert.match(await run('move', second, 'pair', '--standby'), /is in pair, standby/)
  const shown = await run('show', 'pair')
  assert.match(shown, /State {6}: healthy\nKey domain : [0-9A-F]{16}\nTokens {5}: 2 of 2 ready\nCopies {5}: .* 2\n/)
  assert.match(await run('list'), new RegExp(`pair +[0-9A-F]{16} +${first}, ${second}\n`))

  const card = await tokens[0].card()
  await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'found', keyDomain: 0 })
  await bench.dialIn(await tokens[0].plug())
  assert.match(await run('unmanaged', 'pair'), new RegExp(`found +EC secp256r1 +${first} +gets on every token\n`))

  assert.match(await run('check', 'pair'), /Keys {7}: 0, all of them ok/)
  const healed = JSON.parse(await run('heal', 'pair', '--wait', '--json'))
  assert.deepEqual([healed.state, healed.members.length, healed.keys], ['healthy', 2, []])
  await run('rename', 'pair', 'couple')
  const refused = await keytether(['group', 'delete', 'couple'], { env })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, new RegExp(`group couple is not empty: device ${first}|${second} and 1 more`))
  await run('create', 'empty')
  assert.match(await run('delete', 'empty'), /group empty is deleted/)
  assert.equal((await keytether(['group', 'show', 'empty'], { env })).code, 4)

  tokens[1].pull()
  await until(async () => (await keytether(['group', 'check', 'couple'], { env })).code === 5)
  assert.match(await run('show', 'couple'), /State {6}: degraded\n.*is offline/)
})
