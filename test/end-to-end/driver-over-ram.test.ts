/** The driver with an emulated card that dials in over RAMOverHTTP, and the round trips counted on the wire. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { runSession } from '@keytether/agent'
import type { Channel } from '@keytether/card'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import type { CardSession } from '../../packages/server/src/ram/card-session.ts'
import { RamEndpoint } from '../../packages/server/src/ram/endpoint.ts'
import { ramServerOptions } from '../../packages/server/src/ram/http-options.ts'
import { driverSuite } from './driver-suite.ts'

const roots = [emulatorRoot]
const pin = Buffer.from('648219')
const soPin = Buffer.from('57621880')

describe('over RAMOverHTTP', () => {
  const arrivals: ((session: CardSession) => void)[] = []
  const endpoint = new RamEndpoint({
    path: '/rt/hsm',
    secure: false,
    onSession: session => arrivals.shift()?.(session),
  })
  let requests = 0
  const server = createServer(ramServerOptions, (request, response) => {
    requests++
    endpoint.handle(request, response)
  })
  const over: Promise<void>[] = []

  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(async () => {
    endpoint.close()
    server.close()
    server.closeAllConnections()
    await Promise.all(over)
  })

  /** The service's end of a session with a new card. */
  async function open(): Promise<Channel> {
    const emulator = await Emulator.open({ store: memoryStore() })
    const { promise, resolve } = Promise.withResolvers<CardSession>()
    arrivals.push(resolve)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rt/hsm`
    const session = runSession({ url, channel: emulator }).catch(() => {})
    over.push(session.then(() => emulator.close()))
    return promise
  }

  driverSuite('emulator over RAM', { open, roots })

  test('HTTP round trips: one to identify, one for the channel, two for the PIN, two for the inventory, one to sign', async () => {
    const channel = await open()
    const counted = async <T>(work: Promise<T>): Promise<[T, number]> => {
      const earlier = requests
      const result = await work
      return [result, requests - earlier]
    }
    const [hsm, identify] = await counted(SmartCardHsm.open(channel, { roots }))
    const [, secure] = await counted(hsm.openSecureChannel())
    await hsm.initialize({ soPin, userPin: pin })
    const [, verify] = await counted(hsm.verifyPin(pin))
    const key = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'key' })
    const [, inventory] = await counted(hsm.inventory())
    const hash = createHash('sha256').update('message').digest()
    const [, sign] = await counted(hsm.signHash(key, 'ECDSA', hash))
    assert.deepEqual(
      { identify, secure, verify, inventory, sign },
      { identify: 1, secure: 1, verify: 2, inventory: 2, sign: 1 },
    )
    await channel.close()
  })
})
