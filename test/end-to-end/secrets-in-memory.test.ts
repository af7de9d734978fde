/** Secrets that went through a service: none is in what its objects hold afterwards, in its log, in its answers, or in its database in the clear. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runSession } from '@keytether/agent'
import { Certificate } from '@keytether/card'
import { encode } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { killAll, longRunning } from '@keytether/test/long-running'
import { heapSnapshot, textsInFile } from '@keytether/test/memory-of-process'

const folder = mkdtempSync(join(tmpdir(), 'keytether-memory-'))
after(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

const settingsToken = 'the-token-of-this-test'
const soPin = '35373632A1B2C3D4'
const wrongSoPin = '35373632A1B2C3D5'
const pins = { given: 'PinGiven-8812', wrong: 'PinWrong-9913', changed: 'PinNext-3317', configured: 'PinKnown-551' }
const masterKey = `${'a7'.repeat(20)}${'b6'.repeat(12)}`

test('no PIN, key or token stays in the heap, or comes into log or database', async () => {
  writeFileSync(join(folder, 'token'), `${settingsToken}\n`)
  writeFileSync(join(folder, 'master'), `${masterKey}\n`)
  writeFileSync(join(folder, 'pins'), JSON.stringify({ 'ZZEMULATOR.ZZEMULCA.ZZNOTTHERE': pins.configured }))
  writeFileSync(join(folder, 'root.cvc'), encode(Certificate, emulatorRoot.certificate))
  const files = ['--token-file', 'token', '--trust', 'root.cvc', '--master-key-file', 'master', '--pins', 'pins']
  const settings = ['serve', '--listen', '127.0.0.1:0', '--admit', 'genuine', '--log-level', 'trace', ...files]
  const service = longRunning(settings, folder, { NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' })
  const { url, ram } = await service.event('ready')

  async function ask(method: string, path: string, body?: unknown, token = settingsToken) {
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    }
    const response = await fetch(`${url}/v1${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = await response.text()
    return { status: response.status, answer, value: answer === '' ? undefined : JSON.parse(answer) }
  }

  const emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  await card.initialize({ soPin: Buffer.from(soPin, 'hex'), userPin: Buffer.from(pins.given) })
  await emulator.reset()
  const controller = new AbortController()
  const session = runSession({ url: ram!, channel: emulator, signal: controller.signal })
  const ended = assert.rejects(session)
  const device = await until(async () => {
    const { value } = await ask('GET', '/devices')
    return value.items.find((one: { state: string }) => one.state === 'secured')?.name
  })

  const answers: string[] = []
  const tell = async (path: string, body: unknown, method = 'POST') => {
    const { status, answer, value } = await ask(method, path, body)
    assert.equal(status < 300, true, answer)
    answers.push(answer)
    return value
  }
  const give = `/devices/${device}/pin`
  assert.equal((await tell(give, { pin: pins.wrong, keep: true })).status, 'wrongPin')
  assert.equal((await tell(give, { pin: pins.given, keep: true })).status, 'verified')
  await until(async () => (await ask('GET', `/devices/${device}`)).value.state === 'ready')
  const changed = await tell(`/devices/${device}/change-pin`, { oldPin: pins.given, newPin: pins.changed })
  assert.equal(changed.status, 'verified')
  assert.equal((await tell(`/devices/${device}/unblock-pin`, { soPin: wrongSoPin })).status, 'wrongPin')
  assert.equal((await tell(`/devices/${device}/unblock-pin`, { soPin })).status, 'verified')
  await tell('/principals', { name: 'web', roles: ['operator'] })
  const { token } = JSON.parse((await ask('POST', '/principals/web/credentials', { name: 'one' })).answer)
  assert.equal((await ask('GET', '/me', undefined, token)).status, 200)
  const { secret } = JSON.parse((await ask('POST', '/enrolments', { name: 'some' })).answer)
  // Engines remember what was matched last: so that this is nothing that was said before.
  assert.equal((await ask('GET', '/me')).status, 200)

  const secrets = { ...pins, soPin, wrongSoPin, masterKey, token, secret }
  for (const [name, text] of Object.entries(secrets)) assert.ok(typeof text === 'string' && text.length > 8, name)
  const snapshot = await heapSnapshot(service.child, folder)
  assert.deepEqual(await textsInFile(snapshot, { ...secrets, url: url! }), ['url'], 'what the heap holds')
  rmSync(snapshot)
  controller.abort()
  await ended
  assert.equal(await service.end('SIGTERM'), 0)
  const printed = `${service.errors()}${answers.join()}`
  for (const [name, text] of Object.entries(secrets))
    assert.ok(!printed.includes(text), `${name} is in the log or an answer`)
  const databases = readdirSync(folder).filter(name => name.startsWith('keytether.db'))
  assert.ok(databases.length > 0)
  for (const name of databases) {
    assert.deepEqual(
      await textsInFile(join(folder, name), { ...secrets, of: 'ZZEMULATOR' }),
      name.endsWith('.lock') ? [] : ['of'],
    )
  }
})

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await look()
    if (found) return found
    await once(AbortSignal.timeout(100), 'abort')
  }
  return assert.fail('it did not come to that')
}
