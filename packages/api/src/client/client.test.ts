import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { operation } from '../operation.ts'
import { type ProblemCode, problems } from '../problems.ts'
import { PageQuery, pageOf } from '../values.ts'
import { clientOf } from './client.ts'
import { ApiError } from './errors.ts'
import { everyItem } from './pages.ts'
import { ConnectionLost, type Incoming, type Outgoing } from './transport.ts'

const operations = {
  listShelves: operation({
    method: 'GET',
    path: '/shelves',
    summary: 'The shelves',
    roles: [],
    rate: 'read',
    query: PageQuery.extend({ colour: z.array(z.string()).optional() }),
    answer: pageOf(z.string()),
  }),
  makeShelf: operation({
    method: 'POST',
    path: '/rooms/{room}/shelves',
    summary: 'Makes a shelf',
    roles: [],
    rate: 'write',
    body: z.strictObject({ name: z.string() }),
    answer: z.strictObject({ name: z.string() }),
    idempotent: true,
  }),
  shake: operation({ method: 'POST', path: '/shake', summary: 'Shakes', roles: [], rate: 'write' }),
}

/** A client whose service answers with these, one after the other, and what it was sent. */
function talk(...answers: (Incoming | Error)[]) {
  const sent: Outgoing[] = []
  const client = clientOf(operations, {
    strict: true,
    async send(request) {
      sent.push(request)
      const answer = answers.shift() ?? assert.fail('asked once too often')
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  return { client, sent }
}

function answer(status: number, document?: unknown, headers: Readonly<Record<string, string>> = {}): Incoming {
  const body = document === undefined ? [] : [new TextEncoder().encode(JSON.stringify(document))]
  const all: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', ...headers }
  return {
    status,
    header: name => all[name],
    body: (async function* () {
      yield* body
    })(),
  }
}

function refused(code: ProblemCode, headers: Readonly<Record<string, string>> = {}): Incoming {
  const { status, title } = problems[code]
  const problem = { type: `/v1/problems/${code}`, title, status, code, detail: 'in words' }
  return answer(status, problem, { 'content-type': 'application/problem+json', ...headers })
}

const gone = new ConnectionLost('gone')

describe('what is sent', () => {
  test('parameters, query and body', async () => {
    const { client, sent } = talk(answer(200, { items: [] }), answer(201, { name: 'b' }))
    await client.listShelves({ query: { limit: 2, colour: ['red', 'blue & green'] } })
    await client.makeShelf({ params: { room: 'a/ö' }, body: { name: 'b' }, idempotencyKey: 'mine', ifMatch: 7 })
    assert.deepEqual(
      sent.map(({ method, path, body }) => [method, path, body]),
      [
        ['GET', '/v1/shelves?limit=2&colour=red&colour=blue+%26+green', undefined],
        ['POST', '/v1/rooms/a%2F%C3%B6/shelves', '{"name":"b"}'],
      ],
    )
    assert.deepEqual(sent[1]!.headers, {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'Idempotency-Key': 'mine',
      'If-Match': '"7"',
    })
  })
})

describe('what comes back', () => {
  test('no content', async () => assert.equal(await talk(answer(204)).client.shake(), undefined))

  test('a problem', async () => {
    const { client } = talk(refused('EXISTS'))
    await assert.rejects(client.shake(), (error: ApiError) => {
      assert.ok(error instanceof ApiError)
      assert.deepEqual([error.code, error.status, error.message], ['EXISTS', 409, 'in words'])
      return true
    })
  })

  for (const [name, strange] of [
    ['another type', answer(200, {}, { 'content-type': 'text/html' })],
    [
      'no JSON',
      {
        ...answer(200),
        body: (async function* () {
          yield new TextEncoder().encode('<html>')
        })(),
      },
    ],
    ['a redirection', answer(302)],
  ] as const) {
    test(`of something else: ${name}`, async () => {
      await assert.rejects(talk(strange).client.shake(), { name: 'ApiError', code: 'NOT_A_SERVICE' })
    })
  }

  test('of an answer that is not as declared, strict clients say so', async () => {
    await assert.rejects(talk(answer(200, { items: [], more: 1 })).client.listShelves(), { name: 'ZodError' })
  })
})

describe('sending again', () => {
  const make = { params: { room: 'a' }, body: { name: 'b' } }

  test('what can be done twice, when the connection is lost', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { client, sent } = talk(gone, gone, answer(200, { items: ['a'] }))
    assert.deepEqual((await running(t, client.listShelves())).items, ['a'])
    assert.equal(sent.length, 3)
  })

  test('what has a key, with the same one', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { client, sent } = talk(gone, refused('UNDER_WAY', { 'retry-after': '1' }), answer(201, { name: 'b' }))
    await running(t, client.makeShelf(make))
    const keys = new Set(sent.map(({ headers }) => headers['Idempotency-Key']))
    assert.deepEqual([sent.length, keys.size], [3, 1])
  })

  test('never what could be done twice', async () => {
    await assert.rejects(talk(gone).client.shake(), ConnectionLost)
    await assert.rejects(talk(refused('NO_DEVICE')).client.shake(), { code: 'NO_DEVICE' })
  })

  test('what was turned away before anything was done, when the service says', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { client, sent } = talk(refused('TOO_MANY_REQUESTS', { 'retry-after': '2' }), answer(204))
    const done = client.shake()
    await settled()
    t.mock.timers.tick(1_900)
    await settled()
    assert.equal(sent.length, 1)
    t.mock.timers.tick(100)
    await done
    assert.equal(sent.length, 2)
  })

  test('not for ever, and not after half a minute', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { client, sent } = talk(gone, gone, gone, gone, gone)
    await assert.rejects(running(t, client.listShelves()), ConnectionLost)
    assert.equal(sent.length, 5)
    await assert.rejects(talk(refused('NO_DEVICE', { 'retry-after': '60' })).client.listShelves(), {
      code: 'NO_DEVICE',
    })
  })

  test('not after it was called off', async () => {
    const controller = new AbortController()
    const { client } = talk(gone)
    const done = client.listShelves({ signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(done, /enough|gone/)
  })
})

test('page by page', async () => {
  const { client, sent } = talk(answer(200, { items: ['a', 'b'], next: 'x' }), answer(200, { items: ['c'] }))
  const items: string[] = []
  for await (const item of everyItem(cursor => client.listShelves({ query: { limit: 2, cursor } }))) items.push(item)
  assert.deepEqual(items, ['a', 'b', 'c'])
  assert.deepEqual(
    sent.map(({ path }) => path),
    ['/v1/shelves?limit=2', '/v1/shelves?limit=2&cursor=x'],
  )
})

const settled = () => new Promise(resolve => setImmediate(resolve))

/** Lets time pass until it is done. */
async function running<T>(t: import('node:test').TestContext, work: Promise<T>): Promise<T> {
  let over = false
  const done = work.finally(() => (over = true))
  done.catch(() => {})
  for (let round = 0; round < 100 && !over; round++) {
    await settled()
    t.mock.timers.tick(1_000)
  }
  return done
}
