/** A process that is killed while it writes: what it said is durable is there, each part of it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eachDatabase } from '@keytether/test/databases'
import { openStore } from '../../packages/hsm/src/store/store.ts'

const rounds = 15
const writer = fileURLToPath(new URL('../support/store-writer.ts', import.meta.url))

eachDatabase((database, open) => {
  test(`killed ${rounds} times in a row: nothing that was acknowledged is lost, and nothing is there by half`, async t => {
    const url = await open()
    const acknowledged = new Set<string>()
    for (let round = 1; round <= rounds; round++) {
      for (const name of await killed(url, `${round}`, randomInt(250))) acknowledged.add(name)
      await using store = await openStore(url)
      const names = (await store.db.selectFrom('settings').select('name').execute()).map(({ name }) => name)
      const events = (await store.db.selectFrom('events').select('subject').execute()).map(({ subject }) => subject)
      const there = new Set(names)
      assert.deepEqual(
        [...acknowledged].filter(name => !there.has(name)),
        [],
        `lost in round ${round}`,
      )
      assert.deepEqual(events.sort(), names.sort(), `by half in round ${round}`)
      if (database === 'SQLite') assert.deepEqual(integrity(url), ['ok'])
    }
    t.diagnostic(`${acknowledged.size} acknowledged`)
    assert.ok(acknowledged.size > rounds * 10, `${acknowledged.size}: too few for the test to mean anything`)
  })
})

function integrity(url: string): unknown[] {
  const database = new DatabaseSync(url.slice('sqlite:'.length))
  const rows = database.prepare('pragma integrity_check').all()
  database.close()
  return rows.map(row => row.integrity_check)
}

/** Lets it write, kills it some milliseconds after it began, and returns what was acknowledged until then. */
async function killed(url: string, prefix: string, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, url, prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const names: string[] = []
  for await (const name of createInterface({ input: child.stdout })) {
    if (names.length === 0) setTimeout(() => child.kill('SIGKILL'), afterMs)
    names.push(name)
  }
  await closed
  // The last line may have been cut.
  return names.filter(name => /^\d+-\d+-\d+$/.test(name)).slice(0, -1)
}
