/** What docs/api.md says is so: its program prints what it says, and its table has every code. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { problems } from '@keytether/api'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { apiToken, Bench } from '@keytether/test/service-bench'

const page = readFileSync(join(import.meta.dirname, '../../docs/api.md'), 'utf8')

test('the table has every code, as they are', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| (.+) \|$/gm)].map(([, code, status, title]) => [
    code,
    { status: Number(status), title },
  ])
  assert.deepEqual(Object.fromEntries(rows), problems)
})

test('the program does what the page says', async () => {
  const [, program] = /```ts\n(.*?)```/s.exec(page)!
  const [, printed] = /It prints\n\n```\n(.*?)```/s.exec(page)!
  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  const emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  const userPin = Buffer.from('648219')
  await card.initialize({ soPin: Buffer.from('57621880'), userPin })
  await card.verifyPin(userPin)
  await bench.dialIn(emulator)
  // Where its imports are found.
  const file = join(import.meta.dirname, `api-page-${process.pid}.ts`)
  writeFileSync(file, program!)
  try {
    const env = { ...process.env, KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env })
    assert.equal(stdout, printed)
  } finally {
    rmSync(file)
  }
})
