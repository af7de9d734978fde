/** Every operation that the contract declares, asked wrongly in every way. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Operation, operations, Problem, problems, type Role, roles } from '@keytether/api'
import { type Caller, Leases, openHsm } from '@keytether/hsm'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'

const hsm = await openHsm({ devices: { roots: [] } })
const app = buildApp({
  log: createLog('silent'),
  secure: false,
  hsm,
  leases: new Leases(hsm.devices),
  patienceMs: 1000,
  lendingPatienceMs: 1000,
  authenticate: byRoles,
  draining: () => false,
  serve: listener => createServer(listener),
})
let base: string

before(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1`
})
after(async () => {
  await app.close()
  await hsm[Symbol.asyncDispose]()
})

/** Tokens of this test are roles with commas between them. */
function byRoles({ headers }: IncomingMessage): Caller | undefined {
  const token = /^Bearer ([a-z,]*)$/.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) return undefined
  const mine = token.split(',') as Role[]
  return { principal: 'prn_test', name: 'tester', tenant: 'tnt_test', roles: mine, tags: [] }
}

const everything = roles.join(',')

interface Request {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

async function ask(method: string, path: string, { token = everything, body, headers }: Request = {}) {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(token !== '' && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, answer: text === '' ? undefined : JSON.parse(text) }
}

/** The code of what must be a problem, in the form that all of them have. */
async function refusal(method: string, path: string, request?: Request) {
  const { status, headers, answer } = await ask(method, path, request)
  assert.equal(headers.get('content-type'), 'application/problem+json', JSON.stringify(answer))
  const problem = Problem.parse(answer)
  const { title } = problems[problem.code as keyof typeof problems]
  const instance = headers.get('x-request-id')
  assert.deepEqual([problem.status, problem.title, problem.instance], [status, title, instance])
  assert.notEqual(problem.detail, '')
  return { status, code: problem.code, detail: problem.detail, headers }
}

test('who asks is told who that is', async () => {
  const me = await ask('GET', '/me', { token: 'auditor,operator' })
  const answer = { id: 'prn_test', name: 'tester', tenant: 'tnt_test', roles: ['auditor', 'operator'], tags: [] }
  assert.deepEqual([me.status, me.answer], [200, answer])
})

test('where there is nothing', async () => {
  assert.equal((await refusal('GET', '/nothing')).code, 'NOT_FOUND')
  assert.equal((await refusal('GET', '/nothing', { token: '' })).code, 'UNAUTHORIZED')
})

for (const [name, operation] of Object.entries<Operation>(operations)) {
  const { method } = operation
  const path = operation.path.replaceAll(/\{\w+\}/g, 'nothing')

  describe(`${name}: ${method} ${operation.path}`, () => {
    test('no login', async () => {
      const none = await refusal(method, path, { token: '' })
      assert.deepEqual([none.code, none.headers.get('www-authenticate')], ['UNAUTHORIZED', 'Bearer realm="keytether"'])
      const wrong = await refusal(method, path, { token: 'NONE' })
      assert.equal(wrong.headers.get('www-authenticate'), 'Bearer realm="keytether", error="invalid_token"')
    })

    if (operation.roles.length > 0) {
      test('other roles', async () => {
        const others = roles.filter(role => !operation.roles.includes(role))
        for (const role of others) assert.equal((await refusal(method, path, { token: role })).code, 'FORBIDDEN', role)
        assert.equal((await refusal(method, path, { token: others.join(',') })).code, 'FORBIDDEN')
      })
    }

    test('unknown members of the query', async () => {
      assert.equal((await refusal(method, `${path}?surprise=1`)).code, 'BAD_REQUEST')
    })
  })
}

for (const [path, here] of Map.groupBy(Object.values<Operation>(operations), operation => operation.path)) {
  test(`${path}: other methods`, async () => {
    const served = here.map(({ method }) => method) as string[]
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(other => !served.includes(other))) {
      const { code, headers } = await refusal(method, path.replaceAll(/\{\w+\}/g, 'nothing'))
      assert.equal(code, 'METHOD_NOT_ALLOWED')
      for (const one of served) assert.ok(headers.get('allow')!.split(', ').includes(one))
    }
  })
}
