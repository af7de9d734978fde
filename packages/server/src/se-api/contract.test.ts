/** Each route, asked wrongly in every way; what it answers when asked rightly is in test/end-to-end. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { Leases, openHsm } from '@keytether/hsm'
import { authenticator } from '../access/authenticate.ts'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'
import { ApiError } from '../schemas.ts'
import { routes } from './routes.ts'

const token = 'a token of this test alone'.replaceAll(' ', '-')
const bearer = { Authorization: `Bearer ${token}` }
let draining = false
const hsm = await openHsm({ devices: { roots: [] } })
let requests = 0
/** So that no request waits for a log-in that failed before it. */
const anotherAddress = () => `10.0.${++requests >> 8}.${requests & 255}`
const app = buildApp({
  log: createLog('silent'),
  secure: false,
  hsm,
  leases: new Leases(hsm.devices),
  patienceMs: 1000,
  lendingPatienceMs: 1000,
  addressOf: anotherAddress,
  authenticate: await authenticator({ tokens: [token] }, hsm),
  draining: () => draining,
  serve: listener => createServer(listener),
})
let base: string

before(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})
after(async () => {
  await app.close()
  await hsm[Symbol.asyncDispose]()
})

async function ask(method: string, path: string, init: RequestInit = {}) {
  const response = await fetch(`${base}${path}`, { method, ...init, headers: { ...bearer, ...init.headers } })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text }
}

/** The error that an answer must be. */
async function refusal(method: string, path: string, init: RequestInit = {}) {
  const { status, headers, text } = await ask(method, path, init)
  assert.match(headers.get('content-type') ?? '', /^application\/json/)
  assert.match(text, /^\{\n\t"code"/)
  return { status, headers, ...ApiError.parse(JSON.parse(text)) }
}

const json = (body: unknown) => ({ body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
const hash = 'ab'.repeat(32)
const unknown = { ':hsmId': 'A.B.C', ':kdId': 'AB'.repeat(64), ':keyId': '01' }
const addressOf = (path: string) =>
  `/se/api${Object.entries(unknown).reduce((text, [name, value]) => text.replace(name, value), path)}`

for (const { method, path, body } of routes) {
  const address = addressOf(path)
  const rightly = body === undefined ? {} : json({ hash, algo: 'ECDSA' })

  describe(`${method} ${path}`, () => {
    test('without a token', async () => {
      const { status, headers, code } = await refusal(method, address, { ...rightly, headers: { Authorization: '' } })
      assert.deepEqual([status, code], [401, 'UNAUTHORIZED'])
      assert.match(headers.get('www-authenticate')!, /^Bearer realm=/)
    })

    for (const [name, authorization] of [
      ['a wrong token', `Bearer ${token}x`],
      ['the beginning of a token', `Bearer ${token.slice(0, -1)}`],
      ['an empty token', 'Bearer '],
      ['another scheme', `Basic ${Buffer.from(`x:${token}`).toString('base64')}`],
    ] as const) {
      test(`with ${name}`, async () => {
        const init = body === undefined ? {} : { body: JSON.stringify({ hash, algo: 'ECDSA' }) }
        const headers = { Authorization: authorization, 'Content-Type': 'application/json' }
        const { status, code, ...rest } = await refusal(method, address, { ...init, headers })
        assert.deepEqual([status, code], [401, 'UNAUTHORIZED'])
        assert.match(rest.headers.get('www-authenticate')!, /invalid_token/)
        assert.doesNotMatch(rest.message, /this-test/)
      })
    }

    for (const wrong of ['PUT', 'PATCH', 'DELETE', method === 'GET' ? 'POST' : 'GET']) {
      test(`with the method ${wrong}`, async () => {
        const init = wrong === 'GET' ? {} : { body: 'anything', headers: { 'Content-Type': 'image/png' } }
        const { status, code, headers } = await refusal(wrong, address, init)
        assert.deepEqual([status, code], [405, 'METHOD_NOT_ALLOWED'])
        assert.equal(headers.get('allow'), method === 'GET' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS')
      })
    }

    test('OPTIONS tells the methods', async () => {
      const { status, headers, text } = await ask('OPTIONS', address)
      assert.deepEqual([status, text, headers.get('allow')?.includes(method)], [204, '', true])
    })

    if (path.includes(':')) {
      test('with ids that nothing has', async () => {
        const { status, code } = await refusal(method, address, rightly)
        assert.equal(status, 404)
        assert.match(code, /^UNKNOWN_(HSM|KEY|KEY_DOMAIN)$/)
      })
    } else {
      test('with nothing connected', async () => {
        const { status, text } = await ask(method, address)
        assert.deepEqual([status, text], [200, '[]\n'])
      })
    }

    if (body !== undefined) describeBodies(address)
  })
}

function describeBodies(address: string): void {
  const bad: readonly (readonly [name: string, body: unknown, message: RegExp])[] = [
    ['no hash', { algo: 'ECDSA' }, /^hash: wanted the hash, hexadecimal, got nothing$/],
    ['no algo', { hash }, /^algo: wanted ECDSA, RSA_PKCS1 or RSA_PSS, got nothing$/],
    ['neither', {}, /^hash: .*; algo: /],
    ['an unknown algo', { hash, algo: 'DSA' }, /got "DSA"$/],
    ['a hash that is not hexadecimal', { hash: 'xy', algo: 'ECDSA' }, /^hash: wanted .*, got "xy"$/],
    ['half a byte', { hash: 'abc', algo: 'ECDSA' }, /got "abc"$/],
    ['an empty hash', { hash: '', algo: 'ECDSA' }, /got ""$/],
    ['a hash that is a number', { hash: 12, algo: 'ECDSA' }, /got 12$/],
    ['a property that is unknown', { hash, algo: 'ECDSA', salt: 1 }, /salt/],
    ['a list', [hash, 'ECDSA'], /^wanted an object of hash and algo and nothing else, got /],
    ['null', null, /^wanted an object of hash and algo and nothing else, got /],
  ]
  for (const [name, body, message] of bad) {
    test(`with ${name}`, async () => {
      const refused = await refusal('POST', address, json(body))
      assert.deepEqual([refused.status, refused.code], [400, 'BAD_REQUEST'])
      assert.match(refused.message, message)
    })
  }

  test('with a body that is not JSON', async () => {
    const headers = { 'Content-Type': 'application/json' }
    assert.equal((await refusal('POST', address, { body: '{"hash":', headers })).status, 400)
    assert.equal((await refusal('POST', address, { body: '', headers })).status, 400)
    assert.equal((await refusal('POST', address, { body: '{"__proto__":{}}', headers })).status, 400)
  })

  test('with no body', async () => {
    const { status, message } = await refusal('POST', address)
    assert.equal(status, 400)
    assert.match(message, /^wanted an object of hash and algo and nothing else, got /)
  })

  test('with a body of another type', async () => {
    const { status, code } = await refusal('POST', address, { body: 'hash=00' })
    assert.deepEqual([status, code], [415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  test('with a body that is too large', async () => {
    const { status, code } = await refusal('POST', address, json({ hash: 'ab'.repeat(10_000), algo: 'ECDSA' }))
    assert.deepEqual([status, code], [413, 'BODY_TOO_LARGE'])
  })
}

test('paths that are none', async () => {
  for (const path of ['/se/api', '/se/api/', '/se/api/key', '/se/api/keys/01/encrypt', '/nothing']) {
    const { status, code } = await refusal('GET', path)
    assert.deepEqual([path, status, code], [path, 404, 'NOT_FOUND'])
  }
  assert.equal((await refusal('GET', '/se/api/nothing', { headers: { Authorization: '' } })).status, 401)
})

test('a path that is not well formed', async () => {
  assert.equal((await refusal('GET', '/se/api/keys/%zz')).status, 400)
  assert.equal((await refusal('GET', `/se/api/keys/${'a'.repeat(1000)}`)).status, 414)
})

test('HEAD is GET without a body', async () => {
  const { status, headers, text } = await ask('HEAD', '/se/api/keys')
  assert.deepEqual([status, text, headers.get('content-length')], [200, '', '3'])
})

test('the API lives with nobody asked, and tells browsers to keep off', async () => {
  const { status, headers } = await ask('GET', '/health/alive', { headers: { Authorization: '' } })
  assert.equal(status, 200)
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.match(headers.get('content-security-policy')!, /default-src 'none'/)
  assert.match(headers.get('x-request-id')!, /^[0-9a-f-]{36}$/)
})

test('about to end, requests are turned away', async () => {
  draining = true
  const { status, code } = await refusal('GET', '/se/api/keys')
  draining = false
  assert.deepEqual([status, code], [503, 'SHUTTING_DOWN'])
})
