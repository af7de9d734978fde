/** Tokens that are good, and those that differ from one by a single thing. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { type Caller, type Hsm, type Issuer, openHsm } from '@keytether/hsm'
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'
import type { WayIn } from '../way-in.ts'
import { oidcTokens } from './tokens.ts'

const algorithms = ['ES256', 'RS256'] as const
const [ec, rsa, stranger, other] = await Promise.all(
  [...algorithms, 'ES256', 'PS256'].map(algorithm => generateKeyPair(algorithm, { extractable: true })),
)
const opened = new AsyncDisposableStack()
const login = { credential: 'test', address: '127.0.0.1' }
let url: string
let hsm: Hsm
let way: WayIn
let issuer: Issuer
let admin: Caller

before(async () => {
  const jwks = [
    { ...(await exportJWK(ec!.publicKey)), kid: 'ec', use: 'sig' },
    { ...(await exportJWK(rsa!.publicKey)), kid: 'rsa', use: 'sig' },
  ]
  const server = createServer((request, response) => {
    const discovery = { issuer: url, jwks_uri: `${url}/keys` }
    response.end(JSON.stringify(request.url === '/keys' ? { keys: jwks } : discovery))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  opened.defer(() => void server.close())
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => opened.disposeAsync())

beforeEach(async () => {
  await hsm?.[Symbol.asyncDispose]()
  hsm = await openHsm({ devices: { roots: [] } })
  admin = administratorOf(hsm.tenants.main)
  await hsm.logins.configure('boss', hsm.tenants.main, ['administrator'])
  way = oidcTokens(hsm)
  issuer = await hsm.issuers.create(admin, 'company', settings())
})
after(() => hsm[Symbol.asyncDispose]())

function administratorOf(tenant: string): Caller {
  return { principal: 'prn_test', name: 'test', tenant, roles: ['administrator'], tags: [], login }
}

function settings() {
  const rules = [{ claim: 'groups', value: 'hsm', roles: ['operator'], tags: ['web'] }] as const
  return { url, audiences: ['keytether'], algorithms, nameClaim: 'sub', rules, authorities: null }
}

interface Made {
  readonly claims?: object
  readonly header?: Partial<JWTHeaderParameters>
  readonly key?: CryptoKey | Uint8Array
}

function token({ claims = {}, header = {}, key = ec!.privateKey }: Made = {}): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000)
  const all = { iss: url, aud: 'keytether', sub: 'ann', groups: ['hsm'], iat: seconds, exp: seconds + 300, ...claims }
  const known = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return new SignJWT(known)
    .setProtectedHeader({ alg: 'ES256', kid: 'ec', ...header })
    .sign(key, { crit: { surprise: true } })
}

function ask(shown: string, headers: object = {}): Promise<Caller | undefined> {
  const request = { headers: { authorization: `Bearer ${shown}`, ...headers } }
  assert.ok(way.shown(request as IncomingMessage))
  return way.callerOf(request as IncomingMessage, login.address)
}

const inSeconds = (more: number) => Math.floor(Date.now() / 1000) + more

const good: readonly (readonly [name: string, made: () => Made])[] = [
  ['as most are', () => ({})],
  ['RSA', () => ({ header: { alg: 'RS256', kid: 'rsa' }, key: rsa!.privateKey })],
  ['for several', () => ({ claims: { aud: ['other', 'keytether'] } })],
  ['an access token', () => ({ header: { typ: 'at+jwt' } })],
  ['of clocks that are half a minute apart', () => ({ claims: { nbf: inSeconds(30), exp: inSeconds(-30) } })],
]
for (const [name, made] of good) {
  test(`taken: ${name}`, async () => {
    const caller = await ask(await token(made()))
    assert.deepEqual([caller?.name, caller?.roles, caller?.tags], ['company/ann', ['operator'], ['web']])
    assert.equal(caller?.tenant, hsm.tenants.main)
    assert.deepEqual(caller?.login, { credential: 'oidc company', address: login.address })
  })
}

const bad: readonly (readonly [name: string, made: () => Made | Promise<Made>, noted: RegExp])[] = [
  ['for another', () => ({ claims: { aud: 'other' } }), /"aud"/],
  ['for nobody', () => ({ claims: { aud: undefined } }), /"aud"/],
  ['over', () => ({ claims: { exp: inSeconds(-61) } }), /"exp"/],
  ['without an end', () => ({ claims: { exp: undefined } }), /"exp"/],
  ['not yet good', () => ({ claims: { nbf: inSeconds(90) } }), /"nbf"/],
  ['a logout token', () => ({ header: { typ: 'logout+jwt' } }), /something else/],
  ['of who has to prove more', () => ({ claims: { cnf: { jkt: 'x' } } }), /cnf/],
  ['of no group', () => ({ claims: { groups: [] } }), /no rule/],
  ['of nobody', () => ({ claims: { sub: undefined } }), /no rule fits it, or its sub is no name/],
  ['of a name that would deceive', () => ({ claims: { sub: 'ann\u001b[2J' } }), /no name/],
  ['by another key', () => ({ key: stranger!.privateKey }), /signature verification failed/],
  ['by a key that is none of theirs', () => ({ header: { kid: 'other' } }), /no applicable key/],
  ['by a key for another algorithm', () => ({ header: { kid: 'rsa' } }), /no applicable key/],
  [
    'by an algorithm that is not allowed',
    () => ({ header: { alg: 'PS256', kid: 'rsa' }, key: other!.privateKey }),
    /"alg"/,
  ],
  [
    'by a public key that is taken for a secret',
    async () => ({
      header: { alg: 'HS256', kid: 'rsa' },
      key: new TextEncoder().encode(await exportSPKI(rsa!.publicKey)),
    }),
    /"alg"/,
  ],
  ['that wants something unknown', () => ({ header: { crit: ['surprise'], surprise: 1 } }), /./],
]
for (const [name, made, noted] of bad) {
  test(`refused: ${name}`, async () => {
    assert.equal(await ask(await token(await made())), undefined)
    const { trouble } = await hsm.issuers.get(admin, 'company')
    assert.match(trouble!.reason, noted)
    assert.doesNotMatch(trouble!.reason, /eyJ/)
    assert.deepEqual(
      (await hsm.principals.list(admin, { limit: 9 })).items.map(({ name }) => name),
      ['boss'],
    )
  })
}

test('refused: unsigned, cut short, another issuer, one that nobody has', async () => {
  const [header, claims, signature] = (await token()).split('.')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  for (const shown of [
    `${none}.${claims}.x`,
    `${header}.${claims}.${signature!.slice(0, -4)}`,
    `${header}.AAAA.${signature}`,
  ]) {
    assert.equal(await ask(shown), undefined)
  }
  assert.equal(await ask(await token({ claims: { iss: `${url}/` } })), undefined)
  assert.equal(await ask(await token({ claims: { iss: 7 } })), undefined)
})

test('what is no JSON Web Token is of another way in', () => {
  for (const authorization of [undefined, 'Basic eyJh.eyJh.eyJh', `Bearer kt_${'a'.repeat(43)}`, 'Bearer eyJh.eyJh']) {
    assert.equal(way.shown({ headers: { authorization } } as IncomingMessage), false)
  }
})

test('who comes again is the same, with what his token says now and what an administrator gave him', async () => {
  const first = await ask(await token())
  await hsm.principals.change(admin, 'company/ann', { roles: ['manager'], tags: ['mail'] })
  const second = await ask(await token())
  assert.deepEqual([second?.principal, second?.roles], [first?.principal, ['manager', 'operator']])
  assert.deepEqual(second?.tags, ['mail', 'web'])
  await hsm.principals.change(admin, 'company/ann', { disabled: true })
  assert.equal(await ask(await token()), undefined)
})

test('who comes at once from everywhere is one', async () => {
  const shown = await token()
  const all = await Promise.all(Array.from({ length: 20 }, () => ask(shown)))
  assert.equal(new Set(all.map(caller => caller?.principal)).size, 1)
})

test('what is changed holds from the next request on, and so does the end', async () => {
  const shown = await token()
  const before = await ask(shown)
  await hsm.issuers.change(admin, 'company', { rules: [{ roles: ['auditor'], tags: [] }] })
  assert.deepEqual((await ask(shown))?.roles, ['auditor'])
  await hsm.issuers.change(admin, 'company', { audiences: ['other'] })
  assert.equal(await ask(shown), undefined)
  await hsm.issuers.delete(admin, issuer.id)
  assert.equal(await ask(shown), undefined)
  await assert.rejects(hsm.principals.get(admin, 'company/ann'), { code: 'NOT_FOUND' })
  await hsm.issuers.create(admin, 'company', settings())
  assert.notEqual((await ask(shown))?.principal, before?.principal)
})

test('an issuer that several tenants trust: whose tenant it is, is no matter of chance', async () => {
  const root = { ...administratorOf(''), tenant: null }
  const office = administratorOf((await hsm.tenants.create(root, 'office', 'bob')).id)
  // Only main may have keys read from this machine.
  const theirs = await hsm.issuers.create(office, 'theirs', { ...settings(), audiences: ['office', 'keytether'] })
  const shown = await token()
  assert.equal(await ask(shown), undefined)
  assert.equal((await ask(shown, { 'keytether-tenant': 'main' }))?.tenant, hsm.tenants.main)
  assert.equal(await ask(await token({ claims: { aud: 'keytether' } }), { 'keytether-tenant': 'nobody' }), undefined)
  assert.equal(await ask(shown, { 'keytether-tenant': 'office' }), undefined)
  assert.match((await hsm.issuers.get(office, theirs.id)).trouble!.reason, /only the tenant main/)
  await hsm.issuers.change(office, 'theirs', { audiences: ['office'] })
  assert.equal((await ask(shown))?.tenant, hsm.tenants.main)
})
