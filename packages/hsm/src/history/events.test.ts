import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const root: Caller = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login }
const ann: Caller = { ...root, principal: 'prn_ann', tenant: 'tnt_office', roles: ['auditor'] }

eachDatabase((_, open) => {
  const start = async () => openHsm({ devices: { roots: [] }, database: await open() })
  const tell = (hsm: Hsm, ...numbers: readonly number[]) =>
    hsm.history.record(
      ...numbers.map(n => ({
        tenant: n % 2 ? 'tnt_office' : 'tnt_lab',
        type: n < 100 ? 'key.created' : 'keys.counted',
        subject: `key_${n}`,
        actor: `prn_${n % 3}`,
        data: { n },
      })),
    )
  const subjects = (page: { readonly items: readonly { readonly subject: string }[] }) =>
    page.items.map(({ subject }) => subject)

  test('the latest first, page by page, of the tenant alone', async () => {
    await using hsm = await start()
    await tell(hsm, 1, 2, 3, 4, 5, 101)
    const first = await hsm.events.list(ann, {}, { limit: 2 })
    assert.deepEqual(subjects(first), ['key_101', 'key_5'])
    await tell(hsm, 7)
    const second = await hsm.events.list(ann, {}, { limit: 2, cursor: first.next })
    assert.deepEqual([subjects(second), second.next], [['key_3', 'key_1'], undefined])
    const [event] = second.items
    assert.deepEqual([event?.type, event?.actor, event?.data], ['key.created', 'prn_0', { n: 3 }])
    assert.ok((await hsm.events.list(root, {}, { limit: 9 })).items.every(({ type }) => !type.startsWith('key')))
    await assert.rejects(hsm.events.list(ann, {}, { limit: 2, cursor: 'x' }), { code: 'INVALID' })
  })

  test('filters', async () => {
    await using hsm = await start()
    await tell(hsm, 1, 3, 5, 101)
    const found = async (filter: Parameters<Hsm['events']['list']>[1]) =>
      subjects(await hsm.events.list(ann, filter, { limit: 9 })).join(' ')
    assert.equal(await found({ types: ['key'] }), 'key_5 key_3 key_1')
    assert.equal(await found({ types: ['keys.counted', 'device'] }), 'key_101')
    assert.equal(await found({ subject: 'key_3' }), 'key_3')
    assert.equal(await found({ actor: 'prn_1' }), 'key_1')
    assert.equal(await found({ since: hsm.now() + 1_000 }), '')
    assert.equal(await found({ until: hsm.now() + 1_000, types: ['keys'] }), 'key_101')
  })

  test('who listens hears each event once and in order, whenever it begins', async () => {
    await using hsm = await start()
    await tell(hsm, 1, 3)
    const controller = new AbortController()
    const heard: number[] = []
    const listen = async () => {
      for await (const event of hsm.events.follow(ann, {}, 0, { everyMs: 60_000, signal: controller.signal })) {
        heard.push((event!.data as { n: number }).n)
        if (heard.length === 302) return
      }
    }
    const listening = listen()
    const numbers = Array.from({ length: 300 }, (_, i) => 1001 + 2 * i)
    await Promise.all(numbers.map(n => tell(hsm, n)))
    await listening
    assert.deepEqual([heard.length, new Set(heard).size], [302, 302])
    const ids = (await hsm.events.list(ann, {}, { limit: 500 })).items.map(event => (event.data as { n: number }).n)
    assert.deepEqual(heard, ids.reverse())
  })

  test('signs of life, and an end', async () => {
    await using hsm = await start()
    const controller = new AbortController()
    const listeners = () => hsm.history.events.listenerCount('event')
    const others = listeners()
    const after = await hsm.events.latest()
    const following = hsm.events.follow(ann, {}, after, { everyMs: 10, signal: controller.signal })
    assert.deepEqual(await following.next(), { done: false, value: undefined })
    const waiting = following.next()
    controller.abort()
    assert.equal((await waiting).done, true)
    assert.equal(listeners(), others)
  })
})
