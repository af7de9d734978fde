/** What is read from where, and what is not. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { readDocument } from './document.ts'

const anywhere = { authorities: null, publicOnly: false }

async function served(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

test('a document', async () => {
  await using server = await served((_, response) => response.end('{"a":1}'))
  assert.deepEqual(await readDocument(server.url, anywhere), { a: 1 })
})

const answers: readonly (readonly [name: string, listener: RequestListener, message: RegExp])[] = [
  ['no JSON', (_, response) => response.end('<html>'), /wanted JSON/],
  ['another status', (_, response) => response.writeHead(404).end(), /wanted status 200, got 404/],
  [
    'a redirection',
    (_, response) => response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end(),
    /wanted status 200, got 302/,
  ],
  ['too much', (_, response) => response.end(' '.repeat(600 * 1024)), /at most 524288 bytes/],
  [
    'half of it',
    (_, response) => response.writeHead(200, { 'Content-Length': 9 }).write('{', () => response.destroy()),
    /aborted/,
  ],
]
for (const [name, listener, message] of answers) {
  test(`refused: ${name}`, async () => {
    await using server = await served(listener)
    await assert.rejects(readDocument(server.url, anywhere), message)
  })
}

test('only over HTTPS, unless it is this machine itself', async () => {
  for (const url of ['http://example.com/', 'file:///etc/passwd', 'ftp://127.0.0.1/', 'x', 'http://127.0.0.2/']) {
    await assert.rejects(readDocument(url, anywhere), /wanted a URL with https/, url)
  }
})

test('a tenant other than main does not reach this machine or its network', async () => {
  const inner = [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '169.254.169.254',
    '[::1]',
    '[fd00::1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::10.0.0.1]',
    '[2002:7f00:1::]',
    'localhost',
  ]
  for (const host of inner) {
    const refused = readDocument(`https://${host}:1/`, { authorities: null, publicOnly: true })
    await assert.rejects(refused, /is an address of this machine or its network/, host)
  }
})
