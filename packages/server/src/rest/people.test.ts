/** People who sign in, as their programs and browsers meet the service. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SoftAuthenticator } from '@keytether/test/soft-authenticator'
import type { ServiceConfig } from '../config.ts'
import { createLog } from '../log.ts'
import { startService } from '../service.ts'

const token = 'a-token-for-this-test'
const password = 'correct horse battery'
const origin = 'https://hsm.example.com'

async function start(more: Partial<ServiceConfig> = {}) {
  const config = { host: '127.0.0.1', port: 0, tokens: [token], devices: { roots: [] }, ...more }
  const service = await startService(config, createLog('silent'))
  async function ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(`${service.url}/v1${path}`, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, code: answer?.code, answer, headers: response.headers }
  }
  const as = (who: string) => ({ Authorization: `Bearer ${who}` })
  assert.equal((await ask('POST', '/principals', { name: 'ann', roles: ['manager'] }, as(token))).status, 201)
  const invite = async (name = 'ann') =>
    (await ask('POST', `/principals/${name}/invitation`, {}, as(token))).answer.secret
  return { service, ask, as, invite, [Symbol.asyncDispose]: () => service.close() }
}

test('a session of a program', async () => {
  await using bench = await start()
  const { ask, as } = bench
  const begun = await ask('POST', '/invitations/accept', { secret: await bench.invite(), password })
  assert.deepEqual([begun.status, begun.answer.name, begun.headers.get('set-cookie')], [201, 'ann', null])
  const me = await ask('GET', '/me', undefined, as(begun.answer.token))
  assert.deepEqual([me.answer.name, me.answer.roles], ['ann', ['manager']])
  const second = await ask('POST', '/sessions', { name: 'ann', password }, { 'User-Agent': 'a program' })
  const { answer } = await ask('GET', '/me/sign-in', undefined, as(begun.answer.token))
  assert.deepEqual(
    answer.sessions.map(({ way, address, client }: Record<string, string>) => [way, address, client]),
    [
      ['password', '127.0.0.1', 'a program'],
      ['password', '127.0.0.1', 'node'],
    ],
  )
  const other = `/principals/ann/sessions/${second.answer.id}`
  assert.equal((await ask('DELETE', other, undefined, as(begun.answer.token))).code, 'FORBIDDEN')
  assert.equal((await ask('DELETE', other, undefined, as(token))).status, 204)
  assert.equal((await ask('GET', '/me', undefined, as(second.answer.token))).code, 'UNAUTHORIZED')
  assert.equal((await ask('DELETE', '/me/session', undefined, as(token))).code, 'WRONG_STATE')
  assert.equal((await ask('DELETE', '/me/session', undefined, as(begun.answer.token))).status, 204)
  await sleep(1_000)
  assert.equal((await ask('GET', '/me', undefined, as(begun.answer.token))).code, 'UNAUTHORIZED')
})

test('a session in a cookie is for pages of the service', async () => {
  await using bench = await start()
  const { ask, service } = bench
  const { answer, headers } = await ask('POST', '/invitations/accept?cookie=true', {
    secret: await bench.invite(),
    password,
  })
  assert.deepEqual(Object.keys(answer), ['id', 'name', 'expiresAt'])
  const set = headers.get('set-cookie')!
  assert.match(set, /^keytether=kts_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
  const Cookie = set.split(';', 1)[0]!
  assert.equal((await ask('GET', '/me', undefined, { Cookie: `other=1; ${Cookie}` })).answer.name, 'ann')
  // Whoever shows a token is whose that is, whatever his browser sends along.
  assert.match((await ask('GET', '/me', undefined, { Cookie, ...bench.as(token) })).answer.name, /^token-/)
  for (const from of [
    {},
    { Origin: 'null' },
    { Origin: 'https://evil.example' },
    { Origin: `${service.url.replace(/\d+$/, '1')}` },
    { Origin: `${service.url}.evil.example` },
  ]) {
    const refused = await ask('DELETE', '/me/session', undefined, { Cookie, ...from })
    assert.ok([401, 429].includes(refused.status), JSON.stringify(from))
  }
  const { status } = await ask('GET', '/me', undefined, { Cookie, 'Sec-Fetch-Site': 'cross-site' })
  assert.ok([401, 429].includes(status))
  const out = await ask('DELETE', '/me/session', undefined, { Cookie, Origin: service.url })
  assert.deepEqual(
    [out.status, out.headers.get('set-cookie')],
    [204, 'keytether=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0'],
  )
})

test('over TLS, which a proxy may end, the cookie is for nothing else', async () => {
  await using bench = await start({ url: origin })
  const { ask } = bench
  const { headers } = await ask('POST', '/invitations/accept?cookie=true', { secret: await bench.invite(), password })
  const set = headers.get('set-cookie')!
  assert.match(set, /^__Host-keytether=kts_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
  const Cookie = set.split(';', 1)[0]!
  assert.equal((await ask('DELETE', '/me/session', undefined, { Cookie, Origin: origin })).status, 204)
})

test('whatever is wrong, the answer is the same; and the next try waits', async () => {
  await using bench = await start()
  const { ask } = bench
  await ask('POST', '/invitations/accept', { secret: await bench.invite(), password })
  const answers = [
    await ask('POST', '/sessions', { name: 'ann', password: 'wrong horse battery' }),
    await ask('POST', '/sessions', { name: 'nobody', password }),
    await ask('POST', '/sessions', { tenant: 'nowhere', name: 'ann', password }),
  ]
  const [first] = answers
  for (const { status, answer, headers } of answers) {
    assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer realm="keytether"'])
    assert.deepEqual({ ...answer, instance: '' }, { ...first!.answer, instance: '' })
    assert.doesNotMatch(JSON.stringify(answer), /horse/)
  }
  const names = (all: Headers) => [...all.keys()].sort()
  for (const { headers } of answers) assert.deepEqual(names(headers), names(first!.headers))
  await sleep(1_000)
  const wrong = { name: 'ann', password: 'wrong horse battery' }
  const [one, two] = await Promise.all([ask('POST', '/sessions', wrong), ask('POST', '/sessions', wrong)])
  assert.deepEqual([one.status, two.status].sort(), [401, 429])
  const held = await ask('POST', '/sessions', { name: 'ann', password })
  assert.deepEqual([held.code, held.headers.get('retry-after')], ['TOO_MANY_REQUESTS', '1'])
  await sleep(1_000)
  assert.equal((await ask('POST', '/sessions', { name: 'ann', password })).status, 201)
  const { answer } = await ask('GET', '/events?type=session.refused', undefined, bench.as(token))
  assert.ok(answer.items.length >= 2)
})

test('passkeys, by a program that speaks for an authenticator', async () => {
  await using bench = await start({ url: origin })
  const { ask, as } = bench
  const authenticator = new SoftAuthenticator(origin)
  const secret = await bench.invite()
  const { answer: invited } = await ask('POST', '/invitations/challenge', { secret })
  assert.deepEqual([invited.name, invited.tenant], ['ann', 'main'])
  const response = authenticator.create({ challenge: invited.passkey.challenge })
  const begun = await ask('POST', '/invitations/accept', { secret, passkey: { name: 'phone', response } })
  assert.equal(begun.status, 201, JSON.stringify(begun.answer))
  const { answer: me } = await ask('GET', '/me', undefined, as(begun.answer.token))
  const signIn = async (saying: object = {}) => {
    const { challenge } = (await ask('POST', '/sessions/challenge')).answer
    return ask('POST', '/sessions/passkey', {
      response: authenticator.get({ challenge, userHandle: me.id, ...saying }),
    })
  }
  assert.equal((await signIn()).status, 201)
  assert.equal((await signIn({ origin: 'https://evil.example' })).status, 401)
  // Those who try without one are held up, and nobody else.
  assert.equal((await signIn()).status, 201)
  const options = await ask('POST', '/me/passkeys/challenge', undefined, as(begun.answer.token))
  assert.deepEqual(
    options.answer.excludeCredentials.map(({ id }: { readonly id: string }) => id),
    [authenticator.id],
  )
  const second = new SoftAuthenticator(origin).create({ challenge: options.answer.challenge })
  const added = await ask('POST', '/me/passkeys', { name: 'laptop', response: second }, as(begun.answer.token))
  assert.equal(added.status, 201, JSON.stringify(added.answer))
  assert.equal((await ask('POST', '/me/passkeys', { name: 'x', response: second }, as(token))).code, 'BAD_REQUEST')
  assert.equal((await ask('DELETE', '/me/passkeys/phone', undefined, as(begun.answer.token))).status, 204)
  await sleep(1_000)
  assert.equal((await signIn()).status, 401)
})

test('without a name for them, there are no passkeys', async () => {
  await using bench = await start()
  assert.deepEqual(await bench.ask('POST', '/sessions/challenge').then(({ code }) => code), 'WRONG_STATE')
  const { answer } = await bench.ask('POST', '/invitations/challenge', { secret: await bench.invite() })
  assert.deepEqual(answer, { name: 'ann', tenant: 'main' })
})

test('signing in is on record, with nothing of what was shown', async () => {
  await using bench = await start()
  const { ask, as } = bench
  const secret = await bench.invite()
  const { answer } = await ask('POST', '/invitations/accept', { secret, password })
  await ask('POST', '/sessions', { name: 'ann', password: 'wrong horse battery' })
  await ask('GET', '/me/sign-in', undefined, as(answer.token))
  const rows = await bench.service.hsm.store.db.selectFrom('audit').selectAll().execute()
  const all = rows
    .map(row =>
      JSON.stringify(row, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)),
    )
    .join('\n')
  for (const recorded of [
    'acceptInvitation',
    'password.set',
    'session.began',
    'signIn',
    'UNAUTHORIZED',
    'session.refused',
  ])
    assert.match(all, new RegExp(recorded.replace('.', '\\.')), recorded)
  const hashes = [
    { secret, password },
    { name: 'ann', password: 'wrong horse battery' },
  ].map(body => createHash('sha256').update(JSON.stringify(body)).digest('base64'))
  for (const one of [secret, password, 'wrong horse', answer.token, ...hashes]) assert.ok(!all.includes(one))
})

test('the audit log has nothing from which a password could be guessed, and what was changed', async () => {
  await using bench = await start()
  const { ask, as, service } = bench
  const begun = await ask('POST', '/invitations/accept', { secret: await bench.invite(), password })
  const set = { current: password, password: 'another horse battery' }
  assert.equal((await ask('PUT', '/me/password', set, as(begun.answer.token))).status, 204)
  assert.equal((await ask('POST', '/sessions', { name: 'ann', password: set.password })).status, 201)
  assert.equal((await ask('POST', '/sessions', { name: 'ann', password })).status, 401)
  const rows = await service.hsm.store.db.selectFrom('audit').select('line').orderBy('seq').execute()
  const requests = rows.map(({ line }) => JSON.parse(line).request).filter(request => request !== undefined)
  const told = (operation: string) => requests.filter(request => request.operation === operation)
  assert.deepEqual(
    ['acceptInvitation', 'setPassword', 'signIn'].map(operation => told(operation).map(({ outcome }) => outcome)),
    [['OK'], ['OK'], ['OK', 'UNAUTHORIZED']],
  )
  for (const operation of ['acceptInvitation', 'setPassword', 'signIn'])
    assert.ok(told(operation).every(({ input }) => input === undefined))
})
