/** Emulated tokens are trusted by nobody who was not told to, and no service contains one. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runSession } from '@keytether/agent'
import { cardContactRoots, verifyChain } from '@keytether/card'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { createLog, readConfig, startService } from '@keytether/server'
import { importTable } from '../../tools/import-table.ts'

const token = 'the-token-of-this-test'

test('a service as it is by default refuses an emulated token, and says which roots it trusts', async () => {
  const { config } = readConfig({ port: 0 }, '.', { KEYTETHER_TOKEN: token })
  const service = await startService(config, createLog('silent'))
  const emulator = await Emulator.open({ store: memoryStore() })
  try {
    const offline = new Promise<string | undefined>(resolve => {
      service.devices.events.on('change', ({ state, reason }) => {
        assert.ok(state === 'connected' || state === 'offline', `the emulated token became ${state}`)
        if (state === 'offline') resolve(reason)
      })
    })
    const controller = new AbortController()
    const session = runSession({ url: `${service.url}/rt/hsm`, channel: emulator, signal: controller.signal })
    assert.match((await offline) ?? '', /ZZEMULATOR00001.*DESRCACC100001/)
    controller.abort()
    await session.catch(() => {})
    assert.deepEqual(service.devices.hsms(), [])
  } finally {
    await service.close()
    await emulator.close()
  }
})

test("the emulator's root bears no name of CardContact's, and its chains lead to none of their roots", () => {
  const { holderReference } = emulatorRoot.certificate.body.value
  const names = cardContactRoots.map(({ certificate }) => certificate.body.value.holderReference)
  assert.ok(!names.includes(holderReference))
  assert.equal(emulatorRoot.kind, 'own')
  const chain = [emulatorRoot.certificate, emulatorRoot.certificate]
  assert.equal(verifyChain(chain, cardContactRoots).ok, false)
})

test('nothing that a service is made of imports the emulator', () => {
  const made = ['server', ...importTable.server!.packages]
  assert.ok(!made.includes('emulator'))
  const root = join(import.meta.dirname, '../../packages')
  for (const name of made) {
    for (const file of globSync(`${name}/src/**/*.ts`, { cwd: root, exclude: ['**/*.test.ts'] })) {
      assert.doesNotMatch(readFileSync(join(root, file), 'utf8'), /from '@keytether\/emulator'/, file)
    }
  }
})
