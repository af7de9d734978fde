/** The emulated card as a channel: order, endings, latency, storing; and that nothing whatever makes it fall over. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ChannelError, type ChannelErrorCode, cardContactRoots, DeviceCertificates, verifyChain } from '@keytether/card'
import { decode, fromHex, toHex } from '@keytether/codec'
import { apdu, emulatedToken } from '@keytether/test/emulated-token'
import { anyCommand, isKnownAnswer } from '@keytether/test/near-commands'
import fc from 'fast-check'
import { Emulator } from './emulator.ts'
import { emulatorRoot } from './identity.ts'
import { fileStore } from './store/file-store.ts'
import { memoryStore, type Store } from './store/store.ts'

const wrongPin = '0020008106393939393939'

function failsWith(code: ChannelErrorCode) {
  return (error: unknown) => error instanceof ChannelError && error.code === code
}

/** A store whose saving waits or fails as the test says. */
function scriptedStore(save: () => Promise<void>): Store {
  const store = memoryStore()
  let first = true
  return {
    ...store,
    async save(state) {
      if (!first) await save()
      first = false
      await store.save(state)
    },
  }
}

test('a card that is stored is the same card; another store has another one', async () => {
  const store = memoryStore()
  const read = '00B12F02000004540200000000'
  const first = await emulatedToken('loggedIn', store)
  const certificates = await first.send(read)
  await first.send('00D72F030A540200005304 01020304')
  const second = await emulatedToken('selected', store)
  assert.equal(await second.send(read), certificates)
  assert.equal(await second.send('00B12F03045402000004'), '010203049000')
  assert.equal(await second.send('00200081'), '63C3')
  assert.notEqual(await (await emulatedToken('selected')).send(read), certificates)
})

test('killed as soon as it has answered that a PIN was wrong, it has counted that', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'keytether-emulator-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'token.state')
  const { emulator } = await emulatedToken('initialized', fileStore(file))
  await emulator.close()
  for (const left of ['63c2', '63c1', '63c0', '6983']) {
    const program = `
      import { Emulator, fileStore } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
      const emulator = await Emulator.open({ store: fileStore(${JSON.stringify(file)}) })
      const commands = ['${apdu.select}', '${wrongPin}'].map(hex => Buffer.from(hex, 'hex'))
      const [, answer] = await emulator.transmit(commands)
      console.log(Buffer.from(answer).toString('hex'))
      process.kill(process.pid, 'SIGKILL')`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    assert.equal(stdout.trim(), left)
  }
})

test("its certificates lead to the emulators' root, and to no other", async () => {
  const { send } = await emulatedToken('selected')
  const chain = decode(DeviceCertificates, fromHex((await send('00B12F02000004540200000000')).slice(0, -4)))
  const result = verifyChain(chain, [...cardContactRoots, emulatorRoot])
  assert.ok(result.ok)
  assert.equal(result.root, emulatorRoot)
  assert.match(result.path, /^ZZEMULATOR\/ZZEMULCA\/ZZEMU.{6}$/)
  assert.deepEqual(verifyChain(chain, cardContactRoots), { ok: false, reason: 'untrustedRoot' })
})

test('a store with something else in it', async () => {
  const store = memoryStore()
  await store.save(fromHex('0102'))
  await assert.rejects(Emulator.open({ store }), { name: 'EmulatorError', code: 'DAMAGED' })
  assert.equal(toHex((await store.load())!), '0102')
})

test('commands that are sent at once are answered in order, each batch by itself', async () => {
  const { emulator } = await emulatedToken('selected')
  const order: string[] = []
  await Promise.all([
    emulator.transmit([fromHex(apdu.initialize), fromHex('00200081')]).then(([, answer]) => order.push(toHex(answer!))),
    emulator.transmit([fromHex(wrongPin)]).then(([answer]) => order.push(toHex(answer!))),
    emulator.reset().then(() => order.push('reset')),
    emulator.transmit([fromHex('00200081')]).then(([answer]) => order.push(toHex(answer!))),
  ])
  assert.deepEqual(order, ['63c3', '63c2', 'reset', '6e00'])
  assert.deepEqual(await emulator.transmit([]), [])
})

test('nothing is answered before it is stored', async () => {
  const stored = Promise.withResolvers<void>()
  let answered = false
  const { emulator } = await emulatedToken(
    'selected',
    scriptedStore(() => stored.promise),
  )
  const answer = emulator.transmit([fromHex(apdu.initialize)]).then(() => {
    answered = true
  })
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(answered, false)
  stored.resolve()
  await answer
})

test('what cannot be stored is not answered, nor anything after it', async () => {
  const { emulator } = await emulatedToken(
    'selected',
    scriptedStore(async () => Promise.reject(new Error('disk full'))),
  )
  await assert.rejects(emulator.transmit([fromHex(apdu.initialize)]), /cannot be stored: Error: disk full/)
  await assert.rejects(emulator.transmit([fromHex('00200081')]), failsWith('TRANSPORT'))
  await emulator.close()
})

test('closed: what is outstanding fails at once, and nothing is stored any more', async () => {
  const store = memoryStore()
  const emulator = await Emulator.open({ store, latency: () => 60_000 })
  const outstanding = [emulator.transmit([fromHex(apdu.select)]), emulator.reset()]
  await new Promise(resolve => setTimeout(resolve, 5))
  const closed = emulator.close('the end')
  for (const each of outstanding) await assert.rejects(each, failsWith('CLOSED'))
  await closed
  await assert.rejects(emulator.transmit([fromHex('00200081')]), /the end/)
  await assert.rejects(emulator.reset(), failsWith('CLOSED'))
  await emulator.close()
})

test('closed while a key is made: there is no key', async () => {
  const store = memoryStore()
  const { emulator } = await emulatedToken('loggedIn', store)
  const generate = '00460100205F2901007F4915060A04007F0007020202010282030100010202 0800 5F20015A'
  const outstanding = emulator.transmit([fromHex(generate)])
  await new Promise(resolve => setTimeout(resolve, 5))
  await emulator.close()
  await assert.rejects(outstanding, failsWith('CLOSED'))
  await new Promise(resolve => setTimeout(resolve, 1_500))
  const { send } = await emulatedToken('selected', store)
  assert.equal(await send('80580000000000'), 'CC002F029000')
})

test('the store is closed with the card', async () => {
  let closed = 0
  const store = { ...memoryStore(), close: async () => void closed++ }
  {
    await using _ = await Emulator.open({ store })
  }
  assert.equal(closed, 1)
})

for (const stage of ['powered', 'selected', 'initialized', 'loggedIn', 'guarded'] as const) {
  test(`whatever is sent to it, ${stage}, it answers with a status word`, async () => {
    const store = memoryStore()
    const { emulator } = await emulatedToken(stage, store)
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    const property = fc.asyncProperty(fc.array(anyCommand, { minLength: 1, maxLength: 12 }), async batch => {
      const answers = await emulator.transmit(batch)
      assert.equal(answers.length, batch.length)
      for (const answer of answers) assert.ok(isKnownAnswer(answer), toHex(answer))
    })
    await fc.assert(property, { numRuns: 400 })
    process.off('warning', onWarning)
    assert.deepEqual(warnings, [])
    await Emulator.open({ store })
  })
}
