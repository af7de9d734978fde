/**
 * The endpoint and libcurl, on which CardContact's client is built: its cookies, its one connection, and the requests
 * that it sends again by itself when a connection breaks.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { fromHex, toHex } from '@keytether/codec'
import { requirePeers } from '@keytether/test/peers'
import type { CardSession } from '../../packages/server/src/ram/card-session.ts'
import { RamEndpoint } from '../../packages/server/src/ram/endpoint.ts'

const initiation = 'e81ac0183bfe1800008131fe458031815448534d31738021408107fa'
const ok = 'ab0723029000800101'
const headers = [
  'Content-Type: application/org.openscdp-content-mgt-response;version=1.0',
  'X-Admin-Protocol: openscdp-remote-admin/1.0',
]

interface Seen {
  readonly cookie: string | undefined
  readonly port: number | undefined
  readonly body: string
}

interface Served {
  readonly url: string
  readonly session: Promise<CardSession>
  readonly seen: readonly Seen[]
}

/** @param drop which requests, counted from 0, are taken and never answered: their connection breaks instead */
async function serve(t: TestContext, drop: readonly number[] = []): Promise<Served> {
  const { promise, resolve } = Promise.withResolvers<CardSession>()
  const endpoint = new RamEndpoint({ path: '/rt/hsm', secure: false, onSession: resolve, timing: { pollMs: 300 } })
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    note(request, seen)
    const { end } = response
    if (drop.includes(seen.length - 1)) {
      // The answer is given, and gets lost.
      response.end = ((...args: Parameters<typeof end>) => {
        request.socket.resetAndDestroy()
        return end.apply(response, args)
      }) as typeof end
      response.writeHead = () => response
    }
    endpoint.handle(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    endpoint.close()
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rt/hsm`, session: promise, seen }
}

function note(request: IncomingMessage, seen: Seen[]): void {
  const entry = { cookie: request.headers.cookie, port: request.socket.remotePort, body: '' }
  seen.push(entry)
  request.on('data', chunk => {
    entry.body += toHex(chunk)
  })
}

/** Posts the bodies one after the other, as one process. @returns what came back, in hexadecimal, and status codes */
async function curl(url: string, bodies: readonly string[]): Promise<string[]> {
  const args = bodies.flatMap((body, index) => [
    ...(index > 0 ? ['--next'] : []),
    ...['--silent', '--show-error', '--max-time', '20', '--cookie', ''],
    ...headers.flatMap(header => ['--header', header]),
    ...['--data-binary', `@${file(body)}`, '--write-out', '\n%{http_code}\n', url],
  ])
  // Bodies are given as files; the shell makes them, since an argument cannot hold any byte.
  const script = ['set -e', 'd=$(mktemp -d)', 'cd "$d"', 'trap "rm -r $d" EXIT']
  for (const body of new Set(bodies)) script.push(`printf '${body.replaceAll(/../g, '\\x$&')}' > ${file(body)}`)
  script.push('curl "$@"')
  const { stdout } = await promisify(execFile)('bash', ['-c', script.join('\n'), 'curl', ...args], {
    encoding: 'latin1',
  })
  return stdout
    .split(/\n(\d{3})\n/)
    .slice(0, -1)
    .map((part, index) => (index % 2 === 0 ? Buffer.from(part, 'latin1').toString('hex') : part))
}

function file(body: string): string {
  return body.slice(0, 20)
}

test('a session over one connection, with both cookies', async t => {
  if (!requirePeers(t, ['curl'])) return
  const served = await serve(t)
  const answers = curl(served.url, [initiation, ok, 'ab03800100', ok])
  const session = await served.session
  assert.equal(toHex((await session.transmit([fromHex('00200081')]))[0]!), '9000')
  await new Promise(resolve => setTimeout(resolve, 400))
  assert.equal(toHex((await session.transmit([fromHex('0020008101')]))[0]!), '9000')
  await session.close()
  assert.deepEqual(await answers, ['aa06220400200081', '200', 'aa00', '200', 'aa0722050020008101', '200', '', '204'])
  const { seen } = served
  assert.deepEqual(
    seen.map(({ cookie }) => cookie?.replace(/RSESS=[\w-]+/, 'RSESS')),
    [undefined, 'RSESS', 'RSESS; RSEQ=1', 'RSESS; RSEQ=2'],
  )
  assert.equal(new Set(seen.map(({ port }) => port)).size, 1)
})

test('what libcurl sends again is not taken for an answer', async t => {
  if (!requirePeers(t, ['curl'])) return
  // The first answer to the initiation's template, and a later one, are lost with their connections.
  const served = await serve(t, [1, 4])
  const answers = curl(served.url, [initiation, ok, ok, ok, ok])
  const session = await served.session
  const commands = ['00200081', '0020008101', '0020008102', '0020008103']
  for (const command of commands) assert.equal(toHex((await session.transmit([fromHex(command)]))[0]!), '9000')
  await session.close()
  assert.deepEqual(
    (await answers).filter((_, index) => index % 2 === 0),
    ['aa06220400200081', 'aa0722050020008101', 'aa0722050020008102', 'aa0722050020008103', ''],
  )
  assert.equal(served.seen.length, 7)
})
