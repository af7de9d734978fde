/**
 * Every operation that the contract declares, asked by those who may not: with credentials as the service makes them. What is declared
 * anew is asked, too.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  cryptographyStreams,
  exampleOf,
  jsonSchema,
  type Operation,
  operations,
  Problem,
  type RateClass,
  type Role,
} from '@keytether/api'
import { tenantRoles } from '@keytether/api/roles'
import type { Caller } from '@keytether/hsm'
import { Leases } from '@keytether/hsm'
import { type TwoTenants, twoTenants } from '@keytether/test/two-tenants'
import { addressOf } from '../access/address.ts'
import { authenticator } from '../access/authenticate.ts'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'

const rootToken = 'the-root-token-of-this-test'
/** Each request comes from another /64 of these, since who has failed waits a second at his. */
const networks = { office: '2001:db8:1', branch: '2001:db8:2', none: '2001:db8:3' } as const
let tenants: TwoTenants
let base: string
/** Of principals that may all that one of a tenant can, but for what they are called. */
let tokens: Record<'right' | 'expired' | 'revoked' | 'disabled' | 'deleted' | 'elsewhere' | 'untagged', string>
const narrowed = new Map<Role, string>()
const folder = mkdtempSync(join(tmpdir(), 'keytether-authorisation-'))
const opened = new AsyncDisposableStack()

before(async () => {
  opened.defer(() => rmSync(folder, { recursive: true }))
  tenants = opened.use(await twoTenants(`sqlite:${join(folder, 'db')}`))
  const { hsm, mine } = tenants
  const login = { credential: 'test', address: '192.0.2.1' }
  const caller: Caller = {
    principal: 'prn_test',
    name: 'test',
    tenant: mine,
    roles: ['administrator'],
    tags: [],
    login,
  }
  const make = async (name: string, settings = {}, roles: readonly Role[] = tenantRoles) => {
    const tags = ['payroll']
    const there = await hsm.principals.get(caller, name).catch(() => undefined)
    if (there === undefined) await hsm.principals.create(caller, name, { roles, tags })
    return (await hsm.credentials.create(caller, name, `c${Math.random()}`.replace('.', ''), settings)).token
  }
  tokens = {
    right: await make('right'),
    expired: await make('expired'),
    revoked: await make('revoked'),
    disabled: await make('disabled'),
    deleted: await make('deleted'),
    elsewhere: await make('elsewhere', { addresses: [`${networks.branch}::/48`] }),
    untagged: await make('untagged', {}, ['operator']),
  }
  for (const { id } of await hsm.credentials.list(caller, 'revoked'))
    await hsm.credentials.revoke(caller, 'revoked', id)
  await hsm.principals.change(caller, 'disabled', { disabled: true })
  await hsm.principals.delete(caller, 'deleted')
  for (const role of tenantRoles) narrowed.set(role, await make('right', { roles: [role] }))
  await hsm.store.write(async db => {
    const { id } = await db
      .selectFrom('principals')
      .select('id')
      .where('name', '=', 'expired')
      .executeTakeFirstOrThrow()
    await db.updateTable('credentials').set({ expires_at: Date.now() }).where('principal_id', '=', id).execute()
    // A key of the tenant that is for others than those who are tagged payroll.
    const key = await db.selectFrom('keys').selectAll().where('name', '=', 'theirs').executeTakeFirstOrThrow()
    await db
      .insertInto('groups')
      .values({ id: 'grp_mine', tenant_id: mine, name: 'mine', key_domain: null, created_at: 1, revision: 1 })
      .execute()
    await db
      .insertInto('keys')
      .values({ ...key, id: 'key_mine', tenant_id: mine, group_id: 'grp_mine', name: 'tagged', tags: '["board"]' })
      .execute()
    const version = await db
      .selectFrom('key_versions')
      .selectAll()
      .where('key_id', '=', key.id)
      .executeTakeFirstOrThrow()
    await db
      .insertInto('key_versions')
      .values({ ...version, id: 'kv_mine', key_id: 'key_mine' })
      .execute()
    await db
      .updateTable('tenants')
      .set({ addresses: JSON.stringify([`${networks.office}::/48`, `${networks.branch}::/48`]) })
      .where('id', '=', mine)
      .execute()
  })
  hsm.logins.forget()
  await hsm.keys.reread()
  const app = buildApp({
    ...{
      log: createLog('silent'),
      secure: false,
      hsm,
      leases: new Leases(hsm.devices),
      patienceMs: 1000,
      lendingPatienceMs: 1000,
    },
    authenticate: await authenticator({ tokens: [], rootTokens: [rootToken] }, hsm),
    addressOf: addressOf(['127.0.0.1']),
    draining: () => false,
    serve: listener => createServer(listener),
  })
  opened.defer(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1`
})
after(() => opened.disposeAsync())

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly bytes?: true
}

let addresses = 0
const from = (network: keyof typeof networks) => `${networks[network]}:${(++addresses).toString(16)}::1`

async function refusal({ method, path, body, bytes }: Asked, token: string | undefined, address = from('office')) {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      'X-Forwarded-For': address,
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(bytes
        ? { 'Content-Type': 'application/octet-stream' }
        : body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(bytes ? { body: 'bytes' } : body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const problem = response.status >= 400 ? Problem.parse(JSON.parse(text)) : undefined
  const { instance: _, ...rest } = problem ?? { instance: '' }
  return { code: problem?.code, rest }
}

/** For root and the administrators of main alone. */
const ofMain: ReadonlySet<string> = new Set(['unseal', 'changeMasterKey'])

interface Declared extends Asked {
  readonly name: string
  readonly roles: readonly Role[]
  readonly rate: RateClass
}

function asked([name, operation]: [string, Operation]): Declared {
  const body = operation.body && exampleOf(jsonSchema(operation.body, 'input'))
  return { name, roles: operation.roles, rate: operation.rate, method: operation.method, path: operation.path, body }
}

const declared: readonly Declared[] = [
  ...Object.entries<Operation>(operations)
    .filter(([, { open }]) => !open)
    .map(asked),
  ...Object.entries(cryptographyStreams).map(([name, { path, roles, rate }]) => ({
    ...({ name, roles, rate, method: 'POST', path, bytes: true } as const),
  })),
]

/** The same, asked of a key of this name; undefined: it takes none. */
function withKey(operation: Declared, key: string): Asked | undefined {
  const { path, body } = operation
  if (path.includes('{key}')) return { ...operation, path: path.replace('{key}', key) }
  return body !== undefined && Object.hasOwn(body as object, 'keys')
    ? { ...operation, body: { ...(body as object), keys: [key] } }
    : undefined
}

/** These find the key by what was encrypted, and nothing that was is given here. */
const needsEnvelope: ReadonlySet<string> = new Set(['decrypt', 'rewrap', 'openDataKey'])

for (const operation of declared) {
  const { name, roles, rate, method, path } = operation
  // What may be asked is refused for its query afterwards, so that nothing happens.
  const nothing = {
    ...operation,
    path: `${path.replaceAll(/\{\w+\}/g, 'nothing')}${ofMain.has(name) ? '' : '?surprise=1'}`,
  }

  describe(`${name}: ${method} ${path}`, () => {
    test('none of these logs in, and none is told why', async () => {
      const { code, rest } = await refusal(nothing, 'kt_'.padEnd(46, 'A'))
      assert.equal(code, 'UNAUTHORIZED')
      for (const why of ['expired', 'revoked', 'disabled', 'deleted', 'elsewhere'] as const) {
        assert.deepEqual(await refusal(nothing, tokens[why]), { code, rest }, why)
      }
      // An address that is none of the tenant's, and one that is, but not the credential's.
      assert.deepEqual(await refusal(nothing, tokens.right, from('none')), { code, rest })
      assert.equal((await refusal(nothing, undefined)).code, 'UNAUTHORIZED')
    })

    test('the same ones log in from where they may', async () => {
      const allowed = roles.length === 0 || (roles.some(role => role !== 'root') && !ofMain.has(name))
      const { code } = await refusal(nothing, tokens.right)
      assert.notEqual(code, 'UNAUTHORIZED')
      assert.equal(code === 'FORBIDDEN', !allowed, code)
      assert.notEqual((await refusal(nothing, tokens.elsewhere, from('branch'))).code, 'UNAUTHORIZED')
    })

    if (roles.length > 0) {
      test('a credential is worth no more than its roles', async () => {
        for (const [role, token] of narrowed) {
          const { code } = await refusal(nothing, token)
          assert.equal(code === 'FORBIDDEN', !roles.includes(role) || ofMain.has(name), `${role}: ${code}`)
        }
      })

      test('root', async () => {
        const { code } = await refusal(nothing, rootToken)
        assert.equal(code === 'FORBIDDEN', !roles.includes('root'), code)
      })
    }

    const named = withKey(operation, 'tagged')
    if (rate === 'use' && named !== undefined) {
      test('a key of other tags', async () => {
        const { code } = await refusal(named, tokens.untagged)
        assert.equal(code, needsEnvelope.has(name) ? 'INVALID' : 'FORBIDDEN')
      })
    }
  })
}

test('keys of other tags in the items of a batch, and in streams', async () => {
  const response = await fetch(`${base}/batch`, {
    method: 'POST',
    headers: {
      ...{ 'X-Forwarded-For': from('office'), Authorization: `Bearer ${tokens.untagged}` },
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ items: [{ operation: 'sign', key: 'tagged', input: { message: 'AAAA' } }] }),
  })
  const { items } = (await response.json()) as { items: readonly { problem?: { code: string } }[] }
  assert.deepEqual([response.status, items.map(({ problem }) => problem?.code)], [200, ['FORBIDDEN']])
  const stream = { method: 'POST', path: '/encrypt/stream?key=tagged', bytes: true } as const
  assert.equal((await refusal(stream, tokens.untagged)).code, 'FORBIDDEN')
})
