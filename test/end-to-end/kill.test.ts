/** An emulated token whose process is killed while it makes keys: what it said it has made, it has. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes, randomInt, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { publicKeyObject } from '@keytether/card'
import { toHex } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'

const rounds = 50
const pin = '648219'
const keyMaker = fileURLToPath(new URL('../support/key-maker.ts', import.meta.url))

interface Told {
  /** The request of each key that the token has answered with, in hex, by reference. */
  readonly answered: Map<number, string>
  readonly described: Set<number>
}

test(`killed ${rounds} times in a row while it makes keys: every key that it acknowledged can be used`, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'keytether-kill-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'token.state')
  await withCard(file, card => card.initialize({ soPin: Buffer.from('57621880'), userPin: Buffer.from(pin) }))

  /** All that must be there, from all rounds. */
  const acknowledged: Told = { answered: new Map(), described: new Set() }
  let count = 0
  for (let round = 1; round <= rounds; round++) {
    const { answered, described } = await killed(file, randomInt(150))
    for (const [reference, request] of answered) acknowledged.answered.set(reference, request)
    for (const reference of described) acknowledged.described.add(reference)
    count += answered.size
    await withCard(file, async card => {
      await card.verifyPin(Buffer.from(pin))
      await check(card, acknowledged, `round ${round}`)
      // Makes room. Half of the keys stay, to be there after the next rounds, too.
      for (const { reference } of (await card.inventory()).keys.filter((_, index) => index % 2 === 0)) {
        await card.deleteKey(reference)
        acknowledged.answered.delete(reference)
        acknowledged.described.delete(reference)
      }
    })
  }
  t.diagnostic(`${count} keys`)
  assert.ok(count > rounds, `${count} keys in ${rounds} rounds: too few for the test to mean anything`)
})

/** Lets keys be made, kills that after some milliseconds, and returns what was told until then. */
async function killed(file: string, afterMs: number): Promise<Told> {
  const told: Told = { answered: new Map(), described: new Set() }
  const child = spawn(process.execPath, [keyMaker, file, pin], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, reference, request] = line.split(' ')
    if (what === 'ready') setTimeout(() => child.kill('SIGKILL'), afterMs)
    if (what === 'answered') told.answered.set(Number(reference), request!)
    if (what === 'described') told.described.add(Number(reference))
  }
  const [, signal] = await closed
  assert.equal(signal, 'SIGKILL', 'the process ended before it was killed')
  return told
}

async function withCard(file: string, run: (card: SmartCardHsm) => Promise<unknown>): Promise<void> {
  const emulator = await Emulator.open({ store: fileStore(file) })
  try {
    await run(await SmartCardHsm.open(emulator, { roots: [emulatorRoot] }))
  } finally {
    await emulator.close()
  }
}

async function check(card: SmartCardHsm, { answered, described }: Told, round: string): Promise<void> {
  const { keys } = await card.inventory()
  const message = randomBytes(32)
  for (const [reference, request] of answered) {
    const key = keys.find(each => each.reference === reference)
    assert.ok(key, `${round}: key ${reference} was acknowledged and is gone`)
    assert.equal(toHex(key.certificate!), request, `${round}: the request of key ${reference}`)
    const signature = await card.signHash(key, 'ECDSA', createHash('sha256').update(message).digest())
    assert.ok(verify('sha256', message, publicKeyObject(key.publicKey!), signature), `${round}: key ${reference} signs`)
    if (described.has(reference)) assert.match(key.label, /^key \d+$/, `${round}: the label of key ${reference}`)
  }
}
