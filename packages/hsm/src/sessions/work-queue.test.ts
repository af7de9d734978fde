import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { HsmError } from '../errors.ts'
import { WorkQueue } from './work-queue.ts'

const never = new AbortController().signal

/** A job that ends when told to. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let started = false
  const work = () => {
    started = true
    return promise
  }
  return { work, resolve, reject, started: () => started }
}

const refused = (code: string) => (error: unknown) => error instanceof HsmError && error.code === code

test('jobs run one at a time, in order', async () => {
  const queue = new WorkQueue(9)
  const [a, b] = [held(), held()]
  const first = queue.run(a.work, never)
  const second = queue.run(b.work, never)
  await tick()
  assert.deepEqual([a.started(), b.started(), queue.length], [true, false, 2])
  a.resolve('a')
  assert.equal(await first, 'a')
  await tick()
  assert.equal(b.started(), true)
  b.resolve('b')
  assert.equal(await second, 'b')
  await queue.idle()
  assert.equal(queue.length, 0)
})

test('a failed job does not stop the next', async () => {
  const queue = new WorkQueue(9)
  const failed = queue.run(() => Promise.reject(new Error('first')), never)
  const next = queue.run(async () => 'second', never)
  await assert.rejects(failed, /first/)
  assert.equal(await next, 'second')
})

test('more than the limit is refused at once', async () => {
  const queue = new WorkQueue(1)
  const job = held()
  const running = queue.run(job.work, never)
  const waiting = queue.run(async () => 'waited', never)
  await assert.rejects(
    queue.run(async () => 'too much', never),
    refused('BUSY'),
  )
  job.resolve('done')
  assert.deepEqual(await Promise.all([running, waiting]), ['done', 'waited'])
})

test('an aborted job that waits never runs', async () => {
  const queue = new WorkQueue(9)
  const [a, b] = [held(), held()]
  const running = queue.run(a.work, never)
  const controller = new AbortController()
  const waiting = queue.run(b.work, controller.signal)
  controller.abort()
  await assert.rejects(waiting, refused('TIMEOUT'))
  a.resolve('a')
  await running
  await queue.idle()
  assert.equal(b.started(), false)
})

test('an aborted job that runs is not waited for, but keeps its place until it ends', async () => {
  const queue = new WorkQueue(9)
  const [a, b] = [held(), held()]
  const controller = new AbortController()
  const running = queue.run(a.work, controller.signal)
  const next = queue.run(b.work, never)
  controller.abort()
  await assert.rejects(running, refused('TIMEOUT'))
  await tick()
  assert.equal(b.started(), false)
  a.reject(new Error('late'))
  b.resolve('b')
  assert.equal(await next, 'b')
})

test('closing refuses what waits and what comes', async () => {
  const queue = new WorkQueue(9)
  const job = held()
  const running = queue.run(job.work, never)
  const waiting = queue.run(async () => 'never', never)
  queue.close(new Error('gone'))
  await assert.rejects(waiting, /gone/)
  await assert.rejects(
    queue.run(async () => 'never', never),
    /gone/,
  )
  job.resolve('done')
  assert.equal(await running, 'done')
})
