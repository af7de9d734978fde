import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditedRequest, Caller } from '@keytether/hsm'
import { currentRequest, HsmError } from '@keytether/hsm'
import fastify from 'fastify'
import { z } from 'zod'
import { answerError, serialize } from '../answers.ts'
import { api, demandRole, type Route } from '../api.ts'

const caller: Caller = {
  principal: 'prn_1',
  name: 'ann',
  tenant: 'tnt_1',
  roles: ['operator'],
  tags: [],
  login: { credential: 'token first', address: '192.0.2.7' },
}
const body = z.strictObject({ word: z.string() })
const use = { verb: 'sign', key: 'key_1', keyName: 'web', version: 2, device: 'A.B.C', waitedMs: 1, workedMs: 2 }

const routes: readonly Route<undefined>[] = [
  {
    method: 'POST',
    path: '/keys/:key/sign',
    operation: 'sign',
    body,
    run() {
      currentRequest()!.uses.push(use)
      return { done: true }
    },
  },
  { method: 'PUT', path: '/pin', body, secret: true, run: () => undefined },
  { method: 'GET', path: '/me', operation: 'whoAmI', unrecorded: true, run: () => ({}) },
  { method: 'GET', path: '/private', run: () => ({}), admit: (_, who) => demandRole(who, ['auditor']) },
  {
    method: 'POST',
    path: '/stream',
    bytes: true,
    run: async (_, { body, query }) =>
      Readable.from(upper(body as Readable, 'broken' in (query as object)), { objectMode: false }),
  },
]

async function* upper(body: Readable, broken: boolean) {
  for await (const chunk of body) yield String(chunk).toUpperCase()
  if (broken) throw new Error('lost')
}

interface Recording extends AsyncDisposable {
  readonly records: [tenant: string | null, request: AuditedRequest][]
  ask(method: string, path: string, more?: RequestInit & { duplex?: 'half' }): Promise<Response>
  failWith?: Error
}

async function start(): Promise<Recording> {
  const app = fastify({ genReqId: () => 'request' })
  app.setErrorHandler(answerError)
  app.setReplySerializer(serialize)
  const recording: Recording = {
    records: [],
    ask: (method, path, more) => fetch(`${base}/v1${path}`, { method, ...more }),
    [Symbol.asyncDispose]: () => app.close(),
  }
  const audit = {
    async record(tenant: string | null, request: AuditedRequest) {
      await sleep(5)
      if (recording.failWith) throw recording.failWith
      recording.records.push([tenant, request])
    },
  }
  const authenticate = ({ headers }: IncomingMessage) =>
    headers.authorization === 'Bearer wrong' || headers.authorization === undefined ? undefined : caller
  app.register(api({ routes, domain: undefined, authenticate, patienceMs: 1_000, audit }), { prefix: '/v1' })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  return recording
}

const authorization = 'Bearer right'
const json = { authorization, 'content-type': 'application/json' }
const word = '{ "word": "päng" }'
const digest = createHash('sha256').update(word).digest('base64')
const who = { principal: 'prn_1', name: 'ann', credential: 'token first', address: '127.0.0.1' }

test('what was done is on record when it is answered', async () => {
  await using recording = await start()
  const response = await recording.ask('POST', '/keys/web/sign?x=1', { headers: json, body: word })
  const { waitedMs, workedMs, keyName: name, ...used } = use
  const asked = { id: 'request', operation: 'sign', asked: 'POST /v1/keys/web/sign', ...who }
  const uses = [{ verb: used.verb, key: used.key, name, version: used.version, device: used.device }]
  assert.deepEqual(recording.records, [['tnt_1', { ...asked, input: digest, uses, status: 200, outcome: 'OK' }]])
  assert.deepEqual([response.status, await response.json()], [200, { done: true }])
})

test('what was refused, whatever the reason', async () => {
  await using recording = await start()
  for (const [method, path, more, operation, status, outcome] of [
    ['GET', '/private', { headers: { authorization } }, 'GET /v1/private', 403, 'FORBIDDEN'],
    ['GET', '/nothing', { headers: { authorization } }, undefined, 404, 'NOT_FOUND'],
    ['PUT', '/me', { headers: { authorization } }, undefined, 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/keys/web/sign', { headers: json, body: '{}' }, 'sign', 400, 'BAD_REQUEST'],
    [
      'POST',
      '/keys/web/sign',
      { headers: { ...json, 'content-type': 'text/html' }, body: 'x' },
      'sign',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  ] as const) {
    assert.equal((await recording.ask(method, path, more)).status, status)
    const [tenant, request] = recording.records.at(-1)!
    assert.deepEqual(
      [tenant, request.operation, request.status, request.outcome],
      ['tnt_1', operation, status, outcome],
    )
  }
  await recording.ask('GET', '/me', { headers: { authorization } })
  assert.equal(recording.records.length, 5, 'what changes nothing and is for everybody')
})

test('nothing from which a secret could be guessed', async () => {
  await using recording = await start()
  assert.equal((await recording.ask('PUT', '/pin', { headers: json, body: word })).status, 204)
  assert.equal(recording.records[0]![1].input, undefined)
  assert.ok(!JSON.stringify(recording.records).includes(digest))
})

test('refused log-ins are of the service, and cannot fill the disk', async () => {
  await using recording = await start()
  await recording.ask('GET', '/private')
  assert.equal(recording.records.length, 0, 'who shows nothing')
  const headers = { authorization: 'Bearer wrong' }
  const statuses = await Promise.all(Array.from({ length: 40 }, () => recording.ask('GET', '/private', { headers })))
  assert.ok(statuses.every(({ status }) => status === 401))
  const some = recording.records.length
  assert.ok(some >= 10 && some < 40, `${some}`)
  assert.deepEqual([recording.records[0]![0], recording.records[0]![1].outcome], [null, 'UNAUTHORIZED'])
  await sleep(1_000)
  await recording.ask('GET', '/private', { headers })
  const all = recording.records.reduce((sum, [, { repeated = 0 }]) => sum + 1 + repeated, 0)
  assert.equal(all, 41)
})

test('a stream is on record before its first byte and before its last', async () => {
  await using recording = await start()
  const headers = { authorization, 'content-type': 'application/octet-stream' }
  const outcomes = () => recording.records.map(([, { outcome, input }]) => [outcome, input])
  const response = await recording.ask('POST', '/stream', { headers, body: word })
  assert.equal(await response.text(), word.toUpperCase())
  assert.equal(outcomes()[0]![0], 'STARTED')
  assert.deepEqual(outcomes()[1], ['OK', digest])
  const broken = await recording.ask('POST', '/stream?broken', { headers, body: word })
  await assert.rejects(broken.text())
  assert.deepEqual(outcomes()[3], ['BROKEN_OFF', digest])
})

test('what cannot be recorded is not answered', async () => {
  await using recording = await start()
  recording.failWith = new HsmError('DATABASE', 'the disk is full')
  const headers = { authorization, 'content-type': 'application/octet-stream' }
  for (const [method, path, more] of [
    ['POST', '/keys/web/sign', { headers: json, body: word }],
    ['GET', '/private', { headers: json }],
    ['POST', '/stream', { headers, body: word }],
  ] as const) {
    const response = await recording.ask(method, path, more)
    const answer = (await response.json()) as { readonly code: string }
    assert.deepEqual([response.status, answer.code], [503, 'DATABASE'], path)
    assert.equal(response.headers.get('retry-after'), '1')
  }
})
