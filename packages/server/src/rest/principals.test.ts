/** Tenants, principals and tokens as clients meet them, and what the service does while it is sealed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import type { ServiceConfig } from '../config.ts'
import { createLog } from '../log.ts'
import { type Service, startService } from '../service.ts'

const token = 'a-token-for-this-test'
const rootToken = 'a-token-for-root-in-this-test'

function client({ url }: Service) {
  return async (as: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${as}`,
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
    const fixed = { host: '127.0.0.1', port: 0, tokens: [token], rootTokens: [rootToken] }
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
      [['id', 'name', 'createdAt', 'lastUsedAt']],
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
