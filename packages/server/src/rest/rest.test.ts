/** Every operation that the contract declares, asked wrongly in every way, on both databases. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import {
  cryptographyStreams,
  exampleOf,
  jsonSchema,
  type Operation,
  operations,
  Problem,
  problems,
  type Role,
  roles,
  type StreamOperation,
} from '@keytether/api'
import { type Caller, Leases } from '@keytether/hsm'
import { eachDatabase } from '@keytether/test/databases'
import { type TwoTenants, twoTenants } from '@keytether/test/two-tenants'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'

let mine: string
let theirs: TwoTenants['theirs']
let base: string
/** What each request is on record with, by its id. */
const recorded = new Map<string, string>()

/** Tokens of this test are roles with commas between them. */
function byRoles({ headers }: IncomingMessage, address: string): Caller | undefined {
  const token = /^Bearer ([a-z,]*)$/.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) return undefined
  const held = token.split(',') as Role[]
  const login = { credential: 'token test', address }
  return { principal: 'prn_test', name: 'tester', tenant: mine, roles: held, tags: [], login }
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

function isOpen(method: string, path: string): boolean {
  const [plain] = path.split('?', 1)
  return Object.values<Operation>(operations).some(one => one.open && one.method === method && one.path === plain)
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
  // What nobody known asks is only on record as long as it is not too much.
  if (problem.code !== 'UNAUTHORIZED' && !isOpen(method, path)) assert.equal(recorded.get(instance!), problem.code)
  return { status, code: problem.code, detail: problem.detail, headers }
}

eachDatabase((_, open) => {
  const opened = new AsyncDisposableStack()

  before(async () => {
    const tenants = opened.use(await twoTenants(await open()))
    const { hsm } = tenants
    ;({ mine, theirs } = tenants)
    const { audit } = hsm
    const record = audit.record.bind(audit)
    audit.record = async (tenant, request) => {
      await record(tenant, request)
      recorded.set(request.id, request.outcome)
    }
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
    opened.defer(() => app.close())
    await app.listen({ host: '127.0.0.1', port: 0 })
    base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1`
  })
  after(() => opened.disposeAsync())

  test('who asks is told who that is', async () => {
    const me = await ask('GET', '/me', { token: 'auditor,operator' })
    const answer = { id: 'prn_test', name: 'tester', tenant: 'mine', roles: ['auditor', 'operator'], tags: [] }
    assert.deepEqual([me.status, me.answer], [200, answer])
  })

  test('where there is nothing', async () => {
    assert.equal((await refusal('GET', '/nothing')).code, 'NOT_FOUND')
    assert.equal((await refusal('GET', '/nothing', { token: '' })).code, 'UNAUTHORIZED')
  })

  for (const [name, operation] of Object.entries<Operation>(operations)) {
    const { method } = operation
    const path = operation.path.replaceAll(/\{\w+\}/g, 'nothing')
    const schema = operation.body && jsonSchema(operation.body, 'input')
    const body = schema && exampleOf(schema)

    describe(`${name}: ${method} ${operation.path}`, () => {
      test('no login', async () => {
        // A way in needs none; whoever comes with nothing is told what was wanted, and not let in.
        if (operation.open) {
          assert.notEqual((await ask(method, path, { token: '', body })).answer.code, 'FORBIDDEN')
          return
        }
        const none = await refusal(method, path, { token: '', body })
        if (operation.open) return assert.notEqual(none.code, 'UNAUTHORIZED')
        assert.deepEqual(
          [none.code, none.headers.get('www-authenticate')],
          ['UNAUTHORIZED', 'Bearer realm="keytether"'],
        )
        const wrong = await refusal(method, path, { token: 'NONE' })
        assert.equal(wrong.headers.get('www-authenticate'), 'Bearer realm="keytether", error="invalid_token"')
      })

      if (operation.roles.length > 0) {
        test('other roles', async () => {
          const others = roles.filter(role => !operation.roles.includes(role))
          for (const role of others)
            assert.equal((await refusal(method, path, { token: role })).code, 'FORBIDDEN', role)
          assert.equal((await refusal(method, path, { token: others.join(',') })).code, 'FORBIDDEN')
        })
      }

      test('unknown members of the query', async () => {
        assert.equal((await refusal(method, `${path}?surprise=1`, { body })).code, 'BAD_REQUEST')
      })

      if (schema === undefined && method !== 'GET') {
        test('a body where none is wanted', async () => {
          assert.equal((await refusal(method, path, { body: { surprise: 1 } })).code, 'BAD_REQUEST')
        })
      }

      if (schema !== undefined) {
        test('bodies that are wrong', async () => {
          for (const wrong of ['{', '[]', 'null', '"text"', '7', { ...(body as object), surprise: 1 }]) {
            assert.equal((await refusal(method, path, { body: wrong })).code, 'BAD_REQUEST', JSON.stringify(wrong))
          }
          for (const member of schema.required ?? []) {
            const { [member]: _, ...rest } = body as Record<string, unknown>
            const { code, detail } = await refusal(method, path, { body: rest })
            assert.deepEqual([code, detail.startsWith(member)], ['BAD_REQUEST', true], detail)
          }
          const text = { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
          assert.equal((await refusal(method, path, text)).code, 'UNSUPPORTED_MEDIA_TYPE')
          const large = `{"large":"${'x'.repeat(operation.bodyLimit ?? 16 * 1024)}"}`
          assert.equal((await refusal(method, path, { body: large })).code, 'BODY_TOO_LARGE')
        })
      }

      const parameters = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter!)
      if (parameters.length > 0) {
        test('names that nothing has', async () => {
          const { status } = await refusal(method, path.replace('versions/nothing', 'versions/1'), { body })
          assert.equal(status, 404)
        })
      }

      if (parameters.length > 0 && !operation.roles.includes('root')) {
        test("another tenant's are answered as if they were not", async () => {
          for (let way = 0; way < 4; way++) {
            const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => {
              const names = theirs[parameter] ?? assert.fail(`no ${parameter} is theirs`)
              return names[way % names.length]!
            })
            const { status, detail } = await refusal(method, filled, { body })
            assert.equal(status, 404, filled)
            const unknown = await refusal(method, filled.replaceAll(/theirs|ann|THEIRS/g, 'n'), { body })
            assert.equal(
              detail.replaceAll(/theirs|ann|THEIRS|prn_[\w-]+/g, 'n'),
              unknown.detail.replaceAll(/prn_[\w-]+/g, 'n'),
            )
          }
        })
      }
    })
  }

  for (const [name, { path, roles: those }] of Object.entries<StreamOperation>(cryptographyStreams)) {
    test(`${name}: POST ${path}, by whom it is not for`, async () => {
      const headers = { 'Content-Type': 'application/octet-stream' }
      assert.equal((await refusal('POST', path, { token: '', body: 'bytes', headers })).code, 'UNAUTHORIZED')
      const others = roles.filter(role => !(those as readonly Role[]).includes(role)).join(',')
      assert.equal((await refusal('POST', path, { token: others, body: 'bytes', headers })).code, 'FORBIDDEN')
      assert.equal((await refusal('POST', `${path}?surprise=1`, { body: 'bytes', headers })).code, 'BAD_REQUEST')
      const theirs = await refusal('POST', `${path}?key=theirs`, { body: 'bytes', headers })
      assert.equal(theirs.status, path.startsWith('/decrypt') ? 400 : 404, theirs.detail)
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
})
