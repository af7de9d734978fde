/** Tenants, principals and tokens as clients meet them, and what the service does while it is sealed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import type { ServiceConfig } from '../config.ts'
import { createLog } from '../log.ts'
import { type Service, startService } from '../service.ts'

const token = 'a-token-for-this-test'
const rootToken = 'a-token-for-root-in-this-test'

let requests = 0

function client({ url }: Service) {
  return async (as: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${as}`,
        // From another address each time, so that none waits for a log-in that failed before it.
        'X-Forwarded-For': `192.0.2.${++requests}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, code: answer?.code, answer, etag: response.headers.get('etag') }
  }
}

eachDatabase((_, open) => {
  async function start(more: Partial<ServiceConfig> = {}) {
    const fixed = { host: '127.0.0.1', port: 0, proxies: ['127.0.0.1'], tokens: [token], rootTokens: [rootToken] }
    const config = { ...fixed, devices: { roots: [] }, database: await open(), ...more }
    const service = await startService(config, createLog('silent'))
    return { service, ask: client(service), [Symbol.asyncDispose]: () => service.close() }
  }

  test('from root to an operator, each with what it may and no more', async () => {
    await using bench = await start()
    const { ask } = bench
    const made = await ask(rootToken, 'POST', '/tenants', { name: 'office', administrator: 'ann' })
    assert.equal(made.status, 201, JSON.stringify(made.answer))
    const ann = made.answer.token
    assert.deepEqual((await ask(ann, 'GET', '/me')).answer.roles, ['administrator'])
    for (const path of ['/se/api/keys', '/se/api/hsms', '/api/devices', '/v1/keys', '/v1/devices', '/v1/groups']) {
      const headers = { Authorization: `Bearer ${rootToken}` }
      assert.equal((await fetch(`${bench.service.url}${path}`, { headers })).status, 403, path)
    }
    // Root is shut out from then on, and the administrator has no business outside.
    assert.equal((await ask(rootToken, 'GET', '/principals')).code, 'FORBIDDEN')
    assert.equal((await ask(rootToken, 'POST', '/principals/ann/credentials', { name: 'mine' })).code, 'FORBIDDEN')
    assert.equal((await ask(rootToken, 'POST', '/tenants', { name: 'office' })).code, 'EXISTS')
    assert.equal((await ask(ann, 'GET', '/tenants')).code, 'FORBIDDEN')
    // The master key is that of all tenants.
    const key = '0b'.repeat(32)
    assert.equal((await ask(ann, 'POST', '/unseal', { key })).code, 'FORBIDDEN')
    assert.equal((await ask(ann, 'POST', '/master-key', { current: { key }, next: { key } })).code, 'FORBIDDEN')
    assert.equal((await ask(ann, 'POST', '/data-key', { key })).code, 'FORBIDDEN')
    assert.equal((await ask(ann, 'POST', '/principals', { name: 'eve', roles: ['root'] })).code, 'BAD_REQUEST')

    const bob = await ask(ann, 'POST', '/principals', { name: 'bob', roles: ['operator'], tags: ['web'] })
    assert.deepEqual([bob.status, bob.etag], [201, '"1"'])
    const { answer } = await ask(ann, 'POST', '/principals/bob/credentials', { name: 'laptop' })
    assert.deepEqual((await ask(answer.token, 'GET', '/me')).answer.tags, ['web'])
    assert.equal((await ask(answer.token, 'GET', '/principals')).code, 'FORBIDDEN')
    assert.equal((await ask(answer.token, 'POST', '/principals', { name: 'mallory' })).code, 'FORBIDDEN')
    const listed = await ask(ann, 'GET', '/principals/bob/credentials')
    assert.deepEqual(
      listed.answer.items.map((one: object) => Object.keys(one)),
      [['id', 'name', 'kind', 'createdAt', 'lastUsedAt']],
    )

    const change = { disabled: true }
    assert.equal((await ask(ann, 'PATCH', '/principals/bob', change, { 'If-Match': '"7"' })).code, 'STALE')
    assert.equal((await ask(ann, 'PATCH', '/principals/bob', change, { 'If-Match': '"1"' })).etag, '"2"')
    assert.equal((await ask(answer.token, 'GET', '/me')).code, 'UNAUTHORIZED')
    assert.equal((await ask(ann, 'DELETE', '/principals/ann')).code, 'WRONG_STATE')
    assert.equal((await ask(ann, 'DELETE', '/principals/bob')).status, 204)
    assert.equal((await ask(ann, 'GET', '/principals/bob')).code, 'NOT_FOUND')
    // Those of the configuration are in the tenant main, and know nothing of this one.
    const main = await ask(token, 'GET', '/principals')
    assert.deepEqual(
      main.answer.items.map(({ name }: { name: string }) => name.replace(/[0-9a-f]{8}$/, '…')),
      ['token-…'],
    )
    assert.equal((await ask(rootToken, 'DELETE', '/tenants/office')).status, 204)
    assert.equal((await ask(ann, 'GET', '/me')).code, 'UNAUTHORIZED')
  })

  test('a token of some places, and what happens to those who guess', async () => {
    await using bench = await start()
    const { ask } = bench
    await ask(token, 'POST', '/principals', { name: 'bob', roles: ['operator', 'auditor'] })
    const narrow = { roles: ['auditor'], tags: [], addresses: ['198.51.100.0/24'] }
    const made = await ask(token, 'POST', '/principals/bob/credentials', { name: 'narrow', ...narrow })
    assert.equal(made.status, 201)
    const from = (address: string) => ({ 'X-Forwarded-For': address })
    const bob = (address: string) => ask(made.answer.token, 'GET', '/me', undefined, from(address))
    const mallory = (address: string) => ask(`kt_${'x'.repeat(43)}`, 'GET', '/me', undefined, from(address))
    assert.deepEqual((await bob('198.51.100.7')).answer.roles, ['auditor'])
    const [elsewhere, unknown] = [await bob('203.0.113.7'), await mallory('203.0.113.8')]
    // Nobody learns from the answer that it is a token.
    const withoutId = ({ status, answer: { instance: _, ...rest } }: typeof elsewhere) => ({ status, ...rest })
    assert.deepEqual([elsewhere.code, withoutId(elsewhere)], ['UNAUTHORIZED', withoutId(unknown)])
    for (const again of [bob, mallory]) assert.equal((await again('203.0.113.7')).code, 'TOO_MANY_REQUESTS')
    // The right one is heard wherever others guess.
    await mallory('198.51.100.7')
    assert.equal((await bob('198.51.100.7')).status, 200)
    const wrong = await ask(token, 'POST', '/principals/bob/credentials', { name: 'x', addresses: ['10.0.0.0/33'] })
    assert.equal(wrong.code, 'BAD_REQUEST')
  })

  test('a service that is sealed says so, and is opened by who has the master key', async () => {
    await using bench = await start()
    const { ask, service } = bench
    const secrets = async () => (await ask(token, 'GET', '/service')).answer.secrets
    assert.equal(await secrets(), 'new')
    const health = await fetch(`${service.url}/health/alive`)
    assert.deepEqual(await health.json(), { alive: true, secrets: 'new' })
    const words = { passphrase: 'correct horse battery staple' }
    const none = await ask(token, 'POST', '/unseal', { passphrase: '', key: 'secret' })
    assert.equal(none.code, 'BAD_REQUEST')
    assert.doesNotMatch(JSON.stringify(none.answer), /secret"/)
    assert.equal((await ask(token, 'POST', '/unseal', words)).status, 204)
    assert.equal(await secrets(), 'open')
    const next = { key: '0A'.repeat(32) }
    assert.equal((await ask(token, 'POST', '/master-key', { current: next, next })).code, 'INVALID')
    assert.equal((await ask(rootToken, 'POST', '/master-key', { current: words, next })).status, 204)
    assert.equal(service.hsm.vault.state, 'open')
  })
})
