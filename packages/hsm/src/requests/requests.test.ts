import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { type NamedRequest, Requests } from './requests.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const caller: Caller = { principal: 'prn_a', name: 'a', tenant: 'tnt_a', roles: ['manager'], tags: [], login }
const other: Caller = { ...caller, principal: 'prn_b' }
const request: NamedRequest = { caller, key: 'first', content: 'make a key', secret: false }
const patient = new AbortController().signal
const made = (answer: unknown) => async () => ({ status: 201, answer })
const never = () => assert.fail('done twice')

eachDatabase((_, open) => {
  const start = async (database?: string) =>
    openHsm({ devices: { roots: [] }, database: database ?? (await open()), masterKey: { key } })
  const key = new Uint8Array(randomBytes(32))

  test('the same request is answered again, whatever came between', async () => {
    const database = await open()
    {
      await using hsm = await start(database)
      const first = await hsm.requests.once(request, patient, made({ id: 1 }))
      assert.deepEqual(first, { status: 201, answer: { id: 1 }, replayed: false })
    }
    await using hsm = await start(database)
    const again = await hsm.requests.once(request, patient, never)
    assert.deepEqual(again, { status: 201, answer: { id: 1 }, replayed: true })
  })

  test('another request under the same key is refused, and another principal has keys of his own', async () => {
    await using hsm = await start()
    await hsm.requests.once(request, patient, made(undefined))
    const strange = { ...request, content: 'delete a key' }
    await assert.rejects(hsm.requests.once(strange, patient, never), { code: 'KEY_REUSED' })
    assert.equal((await hsm.requests.once({ ...strange, caller: other }, patient, made(1))).answer, 1)
  })

  test('the same at once waits for the first', async () => {
    await using hsm = await start()
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = hsm.requests.once(request, patient, () => promise.then(made('done')))
    const impatient = hsm.requests.once(request, AbortSignal.abort(), never)
    await assert.rejects(impatient, { code: 'UNDER_WAY', retryAfterMs: 1_000 })
    const strange = hsm.requests.once({ ...request, content: 'something else' }, patient, never)
    await assert.rejects(strange, { code: 'KEY_REUSED' })
    const second = hsm.requests.once(request, patient, never)
    resolve()
    assert.deepEqual([(await first).answer, (await second).answer], ['done', 'done'])
  })

  test('what failed is done again', async () => {
    await using hsm = await start()
    const fails = hsm.requests.once(request, patient, () => Promise.reject(new Error('no device')))
    await assert.rejects(fails, /no device/)
    assert.equal((await hsm.requests.once(request, patient, made(2))).answer, 2)
  })

  test('secrets are sealed', async () => {
    const database = await open()
    const secret = { ...request, content: 'PIN 648219', secret: true }
    {
      await using hsm = await start(database)
      await hsm.requests.once(secret, patient, made({ token: 'kt_secret' }))
      const kept = JSON.stringify(await hsm.store.db.selectFrom('idempotency').selectAll().execute())
      assert.doesNotMatch(kept, /kt_secret|648219/)
      const again = await hsm.requests.once(secret, patient, never)
      assert.deepEqual(again.answer, { token: 'kt_secret' })
    }
    await using sealed = await openHsm({ devices: { roots: [] }, database })
    await assert.rejects(sealed.requests.once(secret, patient, never), { code: 'SEALED' })
    await assert.rejects(sealed.requests.once({ ...secret, key: 'new' }, patient, never), { code: 'SEALED' })
  })

  test('after a day it is forgotten', async () => {
    await using hsm = await start()
    await hsm.requests.once(request, patient, made(1))
    await hsm.requests.once({ ...request, key: 'second' }, patient, made(1))
    using later = requestsAt(hsm, hsm.now() + 24 * 60 * 60_000 + 1)
    assert.equal((await later.once(request, patient, made(2))).answer, 2)
    await later.forget()
    const kept = await hsm.store.db.selectFrom('idempotency').select('idempotency_key').execute()
    assert.deepEqual(
      kept.map(row => row.idempotency_key),
      ['first'],
    )
  })
})

function requestsAt(hsm: Hsm, time: number): Requests {
  return new Requests({ ...hsm, now: () => time }, hsm.vault)
}
