/** Whatever a client posts, the endpoint lives on, and no session stays that nobody can use or end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { RawRamClient } from '@keytether/test/raw-ram-client'
import fc from 'fast-check'
import type { CardSession } from './card-session.ts'
import { RamEndpoint } from './endpoint.ts'

const initiation = fromHex('e81ac0183bfe1800008131fe458031815448534d31738021408107fa')
const answer = fromHex('ab12 23029000 2309 800400000211229000 800102')
const timing = { pollMs: 5, graceMs: 20, silenceMs: 40, commandMs: 40, furtherCommandMs: 0, byInstruction: new Map() }

let latest: CardSession | undefined
const endpoint = new RamEndpoint({
  path: '/',
  secure: false,
  timing,
  onSession(session) {
    latest = session
  },
})
const server = createServer((request, response) => endpoint.handle(request, response))
let url = ''

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
after(() => {
  endpoint.close()
  server.close()
  server.closeAllConnections()
})

/** A template with some bytes changed, cut off or inserted; or any bytes at all. */
function mutated(template: Uint8Array) {
  const change = fc.record({ at: fc.nat(template.length - 1), byte: fc.nat(255) })
  const changed = fc.array(change, { minLength: 1, maxLength: 4 }).map(changes => {
    const bytes = template.slice()
    for (const { at, byte } of changes) bytes[at] = byte
    return bytes
  })
  const cut = fc.nat(template.length).map(length => template.slice(0, length))
  return fc.oneof(changed, cut, fc.uint8Array({ maxLength: 80 }))
}

const statuses = [200, 204, 400, 404, 409, 413, 504]

test('bodies outside of any session', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated(initiation), mutated(answer)), async body => {
      const client = new RawRamClient(url)
      const { status } = await client.post(toHex(body))
      client.close()
      assert(statuses.includes(status), `${status}`)
    }),
    { numRuns: 400 },
  )
})

test('bodies within a session: the work is answered or fails, and then the session is usable or over', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutated(answer), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (bodies, breaks) => {
        const client = new RawRamClient(url)
        const first = client.post(toHex(initiation))
        while (latest === undefined) await new Promise(resolve => setImmediate(resolve))
        const session = latest
        latest = undefined
        const work = session.transmit([fromHex('00b0000000'), fromHex('0084000007')]).then(
          responses => assert.equal(responses.length, 2),
          error => assert.equal(error.name, 'ChannelError'),
        )
        await first
        for (const body of bodies) {
          const { status } = await client.post(toHex(body))
          assert(statuses.includes(status), `${status}`)
          if (breaks) client.break()
        }
        client.close()
        await Promise.all([work, session.closed])
      },
    ),
    { numRuns: 150 },
  )
  assert.equal(endpoint.sessionCount, 0)
})
