/** Devices of several tenants over REST, with emulated tokens that dial in to a service, on each database. */
import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { afterEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runSession } from '@keytether/agent'
import { ApiError, type Client, createClient, fetchTransport } from '@keytether/api'
import { Attestation, verifyAttestation } from '@keytether/card'
import { decode } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore, type Store } from '@keytether/emulator'
import { createLog, type Service, startService } from '@keytether/server'
import { eachDatabase } from '@keytether/test/databases'

const [rootToken, mainToken] = ['the-token-of-root-in-this-test', 'the-token-of-main-in-this-test']
const pin = '648219'
const soPin = '3537363231383830'
const share = (byte: number) => Buffer.alloc(32, byte).toString('base64')

eachDatabase((_, open) => {
  const ends: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })

  async function start(database: string): Promise<Service> {
    const service = await startService(
      {
        ...{ host: '127.0.0.1', port: 0, tokens: [mainToken], rootTokens: [rootToken], database },
        masterKey: { key: new Uint8Array(32).fill(7) },
        devices: { roots: [emulatorRoot], admit: 'claimed' },
      },
      createLog('silent'),
    )
    ends.push(() => service.close())
    return service
  }

  const client = ({ url }: Service, token: string) => createClient({ send: fetchTransport(url, token), strict: true })

  /** Lets a token dial in; what its agent is told is how to claim it, if it waits. */
  async function dialIn({ url }: Service, store: Store, enrolment?: string): Promise<{ told: Promise<string> }> {
    const channel = await Emulator.open({ store })
    const controller = new AbortController()
    const told = Promise.withResolvers<string>()
    const query = enrolment === undefined ? '' : `?enrolment=${enrolment}`
    const session = runSession({
      ...{ url: `${url}/rt/hsm${query}`, channel, signal: controller.signal },
      hooks: { notice: (_, text) => told.resolve(text) },
    }).catch(() => {})
    ends.push(async () => {
      controller.abort()
      await session
    })
    return { told: told.promise }
  }

  async function firstDevice(ask: Client): Promise<string> {
    for (let tries = 0; tries < 500; tries++) {
      const [found] = (await ask.listDevices()).items
      if (found) return found.name
      await sleep(20)
    }
    return assert.fail('none was claimed')
  }

  async function until(ask: Client, device: string, state: string) {
    for (let tries = 0; tries < 500; tries++) {
      const found = await ask.getDevice({ params: { device } })
      if (found.state === state) return found
      await sleep(20)
    }
    return assert.fail(`${device} is not ${state}`)
  }

  const refused = (code: string) => (error: unknown) => error instanceof ApiError && error.code === code

  test('a token is one tenant’s, and nothing to the others', async () => {
    const service = await start(await open())
    const [root, ann] = [client(service, rootToken), client(service, mainToken)]
    const other = await root.createTenant({ body: { name: 'other' } })
    const bob = client(service, other.token)
    const waiting = await dialIn(service, await initialised(0))
    const [, device, code] = / claim (\w+) --code ([0-9A-F-]+)$/.exec(await waiting.told)!
    assert.deepEqual((await root.listQuarantine()).items.length, 1)
    assert.deepEqual([(await ann.listDevices()).items, (await bob.listDevices()).items], [[], []])
    await assert.rejects(ann.claimDevice({ body: { device: device!, code: '0' } }), refused('NOT_FOUND'))
    await ann.claimDevice({ body: { device: device!, code: code!, name: 'office' } })
    const given = await ann.giveDevicePin({ params: { device: 'office' }, body: { pin } })
    assert.deepEqual([given.status, given.kept], ['verified', true])
    const { path, facts } = await until(ann, 'office', 'ready')
    assert.deepEqual(
      [facts?.keys.map(({ label }) => label), facts?.soPin],
      [['web'], { status: 'notVerified', triesLeft: 15 }],
    )
    for (const name of ['office', device!, path]) {
      const params = { device: name }
      await assert.rejects(bob.getDevice({ params }), refused('NOT_FOUND'))
      await assert.rejects(bob.planErasure({ params }), refused('NOT_FOUND'))
      await assert.rejects(bob.claimDevice({ body: { device: name, code: code! } }), refused('NOT_FOUND'))
    }
    for (const [token, count] of [
      [mainToken, 1],
      [other.token, 0],
    ] as const) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const list = async (where: string) => (await (await fetch(`${service.url}${where}`, { headers })).json()) as []
      assert.equal((await list('/api/devices')).length, count)
      if (count > 0) assert.equal((await list('/se/api/hsms')).length, count)
      else {
        const lease = { method: 'POST', headers, body: '{"keepLogIn":false}' }
        const response = await fetch(`${service.url}/api/devices/${device}/lease`, lease)
        assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [404, 'UNKNOWN_HSM'])
      }
    }
    const { items } = await ann.deviceHistory({ params: { device: 'office' }, query: { limit: 2 } })
    assert.equal(items.length, 2)
    await ann.releaseDevice({ params: { device: 'office' } })
    await assert.rejects(ann.getDevice({ params: { device: 'office' } }), refused('NOT_FOUND'))
  })

  test('a token that dials in anew replaces its dead session, and is ready with the PIN that is kept', async () => {
    const service = await start(await open())
    const ann = client(service, mainToken)
    const { secret } = await ann.createEnrolment({ body: { name: 'office' } })
    const store = await initialised(0)
    await dialIn(service, store, secret)
    const name = await firstDevice(ann)
    await ann.giveDevicePin({ params: { device: name }, body: { pin } })
    const before = await until(ann, name, 'ready')
    await dialIn(service, store, secret)
    for (let tries = 0; tries < 500; tries++) {
      const now = await ann.getDevice({ params: { device: name } })
      if (now.state === 'ready' && now.connectedSince !== before.connectedSince) return
      await sleep(20)
    }
    assert.fail('it did not come back')
  })

  test('a ceremony goes on after the service was restarted, and a token is retired with a record', async () => {
    const database = await open()
    const first = await start(database)
    const store = await initialised(2)
    const { secret } = await client(first, mainToken).createEnrolment({ body: { name: 'office' } })
    await dialIn(first, store, secret)
    let ann = client(first, mainToken)
    const name = await firstDevice(ann)
    await until(ann, name, 'secured')
    const body = { devices: [name], shares: 2, sameCustodian: true }
    const { id: ceremony } = await ann.openCeremony({ body })
    const after = await ann.importShare({ params: { ceremony }, body: { share: share(1) } })
    assert.equal(after.words, 'awaiting share 2 of 2')
    await first.close()

    const second = await start(database)
    ann = client(second, mainToken)
    assert.equal((await ann.getCeremony({ params: { ceremony } })).words, 'awaiting share 2 of 2')
    await assert.rejects(
      ann.importShare({ params: { ceremony }, body: { share: share(2) } }),
      (error: unknown) => error instanceof ApiError && error.code === 'NO_DEVICE',
    )
    await dialIn(second, store)
    await until(ann, name, 'secured')
    const done = await ann.importShare({ params: { ceremony }, body: { share: share(2) } })
    assert.equal(done.state, 'done')
    await until(ann, name, 'secured')
    const { confirmation, words } = await ann.planErasure({ params: { device: name } })
    assert.match(words.join('\n'), /^key 1, "web" \(EC secp256r1\)\nkey domain 0: [0-9A-F]{16}$/)
    const wrong = { confirmation: 'another', soPin }
    await assert.rejects(ann.retireDevice({ params: { device: name }, body: wrong }), refused('WRONG_STATE'))
    const signed = await ann.retireDevice({ params: { device: name }, body: { confirmation, soPin } })
    assert.deepEqual(await ann.getRetirement({ params: { device: name } }), signed)
    const key = createPublicKey(signed.publicKey)
    assert.ok(verify(null, Buffer.from(signed.record), key, Buffer.from(signed.signature, 'base64')))
    const record = JSON.parse(signed.record)
    assert.deepEqual([record.before.words, record.erased.readBack.keys], [words, 0])
    const attestation = decode(Attestation, new TextEncoder().encode(record.attestation))
    assert.deepEqual(
      verifyAttestation(attestation, [emulatorRoot]).keys.map(one => one.ok),
      [true],
    )
    assert.equal((await ann.getDevice({ params: { device: name } })).state, 'retired')
  })
})

/** The store of a token with one key. */
async function initialised(dkekShares: number): Promise<Store> {
  const store = memoryStore()
  const token = await Emulator.open({ store })
  const card = await SmartCardHsm.open(token, { roots: [emulatorRoot] })
  const userPin = Buffer.from(pin)
  await card.initialize({ soPin: Buffer.from(soPin, 'hex'), userPin, ...(dkekShares > 0 && { dkekShares }) })
  await card.verifyPin(userPin)
  await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'web' })
  await token.close()
  return store
}
