import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { addressOf } from './address.ts'

const proxies = ['10.0.0.0/8', '2001:db8:1::/48']

for (const [what, from, header, address] of [
  ['nobody in between', '192.0.2.7', undefined, '192.0.2.7'],
  ['a socket for both families', '::ffff:192.0.2.7', undefined, '192.0.2.7'],
  ['somebody who says that he is a proxy', '192.0.2.7', '203.0.113.9', '192.0.2.7'],
  ['a proxy', '10.0.0.1', '192.0.2.7', '192.0.2.7'],
  ['a client that wrote the header, too', '10.0.0.1', '127.0.0.1, 10.0.0.9,192.0.2.7', '192.0.2.7'],
  ['two proxies', '2001:db8:1::1', '127.0.0.1, 192.0.2.7, 10.0.0.2', '192.0.2.7'],
  ['a proxy that asks for itself', '10.0.0.1', undefined, '10.0.0.1'],
  ['a proxy that writes no address', '10.0.0.1', 'unknown', '10.0.0.1'],
  ['proxies only', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['a client whose connection is gone', undefined, '192.0.2.7', ''],
] as const) {
  test(`the address behind ${what}`, () => {
    const request = { socket: { remoteAddress: from }, headers: { 'x-forwarded-for': header } }
    assert.equal(addressOf(proxies)(request as unknown as IncomingMessage), address)
  })
}

test('without proxies the header says nothing', () => {
  const request = { socket: { remoteAddress: '127.0.0.1' }, headers: { 'x-forwarded-for': '192.0.2.7' } }
  assert.equal(addressOf()(request as unknown as IncomingMessage), '127.0.0.1')
})
