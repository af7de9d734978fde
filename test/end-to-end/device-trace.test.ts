/** Commands to a token as who watches sees them, over REST and in the log: everything that was done, and nothing that is secret. */
import assert from 'node:assert/strict'
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runSession } from '@keytether/agent'
import { createClient, fetchTransport, type Traced, traceDevice } from '@keytether/api'
import { toHex } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { createLog, type Service, startService } from '@keytether/server'

const token = 'the-token-of-main-in-this-test'
const [firstPin, pin, newPin, soPin] = ['103957', '648219', '770215', '3537363231383830']
const shares = [randomBytes(32), randomBytes(32)]
const folder = mkdtempSync(join(tmpdir(), 'keytether-trace-'))
const logFile = join(folder, 'log')

let service: Service
const away = new AbortController()
let session: Promise<unknown>

before(async () => {
  const channel = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(channel, { roots: [emulatorRoot] })
  await card.initialize({ soPin: Buffer.from(soPin, 'hex'), userPin: Buffer.from(firstPin), dkekShares: 1 })
  await channel.reset()
  service = await startService(
    {
      ...{ host: '127.0.0.1', port: 0, tokens: [token], masterKey: { key: new Uint8Array(32).fill(7) } },
      devices: { roots: [emulatorRoot], admit: 'genuine' },
    },
    createLog('trace', openSync(logFile, 'w')),
  )
  session = runSession({ url: `${service.url}/rt/hsm`, channel, signal: away.signal }).catch(() => {})
})
after(async () => {
  away.abort()
  await session
  await service.close()
  rmSync(folder, { recursive: true })
})

test('everything that was done, and nothing that is secret', async () => {
  const send = fetchTransport(service.url, token)
  const client = createClient({ send })
  while (service.devices.known()[0]?.reason === undefined) await once(service.devices.events, 'change')
  const [{ name: device } = assert.fail('it is there')] = (await client.listDevices()).items
  const params = { device }

  const traced: Traced[] = []
  const begun = Promise.withResolvers<void>()
  const watching = new AbortController()
  const query = { seconds: 300, limit: 10_000 }
  const onTraced = (one: Traced) => {
    traced.push(one)
    begun.resolve()
  }
  const trace = traceDevice({ send, device, query, signal: watching.signal, onTraced })
  trace.catch(() => {})
  await begun.promise

  const ready = async () => {
    while (service.devices.known()[0]?.state !== 'ready') await once(service.devices.events, 'change')
  }
  await client.giveDevicePin({ params, body: { pin: firstPin, keep: false } })
  const { confirmation } = await client.planErasure({ params })
  await client.initializeDevice({ params, body: { confirmation, soPin, pin, dkekShares: 2 } })
  const { id: ceremony } = await client.openCeremony({ body: { devices: [device], shares: 2, sameCustodian: true } })
  for (const share of shares) {
    await client.importShare({ params: { ceremony }, body: { share: share.toString('base64') } })
  }
  await ready()
  await client.changeDevicePin({ params, body: { oldPin: pin, newPin } })
  await ready()
  await service.hsm.registry.settled()
  await client.createGroup({ body: { name: 'office' } })
  await client.joinGroup({ params: { group: 'office', device }, body: {} })
  const key = { group: 'office', kind: 'RSA', bits: 2048 } as const
  await client.createKey({ body: { name: 'mail', ...key } })
  const plaintext = randomBytes(24)
  const { versions } = await client.getKey({ params: { key: 'mail' } })
  const publicKey = createPublicKey(versions[0]!.publicKey!)
  const ciphertext = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    plaintext,
  )
  const body = { ciphertext: ciphertext.toString('base64') }
  const decrypted = await client.decryptRsa({ params: { key: 'mail' }, body })
  assert.equal(decrypted.plaintext, plaintext.toString('base64'))
  const random = await client.random({ body: { length: 32 } })
  const { requestId } = await sign()

  watching.abort()
  const log = readFileSync(logFile, 'utf8')
  const all = `${JSON.stringify(traced)}\n${log}`
  const hidden: [string, Uint8Array][] = [
    ...[firstPin, pin, newPin].map(text => [`PIN ${text}`, Buffer.from(text)] as [string, Uint8Array]),
    ['SO-PIN', Buffer.from(soPin, 'hex')],
    ...shares.map(share => ['share', share] as [string, Uint8Array]),
    ['plaintext', plaintext],
    ['random bytes', Buffer.from(random.random, 'base64')],
    ['token', Buffer.from(token)],
  ]
  for (const [what, bytes] of hidden) {
    for (const form of [toHex(bytes), Buffer.from(bytes).toString('base64'), Buffer.from(bytes).toString('latin1')]) {
      assert.ok(!all.toLowerCase().includes(form.toLowerCase()), `${what} as ${form}`)
    }
  }

  const exchanges = traced.flatMap(one => ('command' in one ? [one] : []))
  const shown = new Set(
    exchanges.map(({ command, parameters, data, outcome, answer }) => {
      return [
        command,
        parameters.replaceAll(/=\d+/g, '=n'),
        data === 'secret' ? data : '',
        outcome,
        answer === 'secret' ? answer : '',
      ].join('|')
    }),
  )
  for (const wanted of [
    'VERIFY|reference=user|secret|ok|',
    'CHANGE REFERENCE DATA|reference=user|secret|ok|',
    'KEY DOMAIN import share|index=n|secret|ok|',
    'DECIPHER|key=n algorithm=n||ok|secret',
    'GET CHALLENGE|||ok|secret',
    'SIGN|key=n algorithm=n||ok|secret',
    'WRAP|key=n||ok|secret',
  ]) {
    assert.ok(shown.has(wanted), `${wanted} of ${[...shown].join('\n')}`)
  }
  const initialised = exchanges.find(({ command }) => command === 'INITIALIZE DEVICE')
  assert.match(initialised!.data, /^options=\d+ userPin=secret soPin=secret .*dkekShares=2$/)
  assert.ok(
    exchanges.every(({ secure, command }) => secure || /AUTHENTICATE|MANAGE|SELECT|READ|DEVICE STATUS/.test(command)),
  )
  assert.ok(traced.some(one => 'state' in one && one.state === 'ready'))

  // One search tells a request from REST to the chip.
  const lines = log
    .split('\n')
    .filter(line => line.includes(requestId))
    .map(line => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['device command', 'device operation', 'request answered'],
  )
  const [command, operation, answered] = lines
  assert.deepEqual([command.command, command.status, operation.key], ['SIGN', '9000', 'mail v1'])
  assert.equal(operation.operation, 'sign RSA 2048')
  assert.equal(answered.path, '/v1/keys/mail/sign')
  assert.equal(exchanges.find(({ command }) => command === 'SIGN')?.request !== undefined, true)

  async function sign() {
    const response = await fetch(`${service.url}/v1/keys/mail/sign`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ message: Buffer.from('hello').toString('base64') }),
    })
    assert.equal(response.status, 200)
    return { requestId: response.headers.get('x-request-id')! }
  }
})

test('who watches is told when the service ends', async () => {
  const begun = Promise.withResolvers<void>()
  const [{ id: device } = assert.fail('it is there')] = service.devices.known()
  const trace = traceDevice({
    send: fetchTransport(service.url, token),
    device: device!,
    onTraced: () => begun.resolve(),
  })
  await begun.promise
  await service.close()
  assert.equal((await trace).ended, 'time')
})
