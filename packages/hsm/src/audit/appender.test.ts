import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditedRequest, AuditRecord, chainRoot, emptyChain, extendChain } from '@keytether/audit'
import { decode } from '@keytether/codec'
import { eachDatabase } from '@keytether/test/databases'
import { History } from '../history/history.ts'
import { openStore, type Store } from '../store/store.ts'
import { Appender } from './appender.ts'
import { readHead } from './heads.ts'

const asked = (id: string): AuditedRequest => ({
  id,
  operation: 'sign',
  asked: 'POST /v1/…',
  status: 200,
  outcome: 'OK',
})

/** What is on record, which must hang together. */
async function chain({ db }: Store, name: string): Promise<AuditRecord[]> {
  const rows = await db.selectFrom('audit').selectAll().where('chain', '=', name).orderBy('seq').execute()
  const lines = rows.map(({ line }) => new TextEncoder().encode(line))
  const end = lines.reduce(extendChain, emptyChain)
  const { at, ...head } = await readHead(db, name)
  assert.deepEqual([head.size, head.last, chainRoot(head)], [end.size, end.last, chainRoot(end)])
  const records = lines.map(line => decode(AuditRecord, line))
  let last: string = Buffer.from(emptyChain.last).toString('base64')
  for (const [seq, record] of records.entries()) {
    assert.deepEqual([record.seq, record.tenant ?? 'service', record.prev], [seq, name, last])
    last = Buffer.from(extendChain(emptyChain, lines[seq]!).last).toString('base64')
  }
  return records
}

const told = (records: readonly AuditRecord[]) =>
  records.map(({ request, event }) => request?.id ?? `${event!.type} ${event!.subject}`)

eachDatabase((_, open) => {
  test('what many ask at once, each tenant in its own chain', async () => {
    await using store = await openStore(await open())
    {
      await using appender = new Appender({ store, history: new History(store) })
      const entries = Array.from({ length: 1_500 }, (_, n) => ({
        tenant: n % 3 ? 'tnt_a' : null,
        at: n,
        request: asked(`${n}`),
      }))
      await Promise.all(entries.map(entry => appender.append(entry)))
    }
    const numbers = (part: (n: number) => boolean) =>
      Array.from({ length: 1_500 }, (_, n) => n)
        .filter(part)
        .map(String)
    assert.deepEqual(
      told(await chain(store, 'tnt_a')),
      numbers(n => n % 3 > 0),
    )
    assert.deepEqual(
      told(await chain(store, 'service')),
      numbers(n => n % 3 === 0),
    )
  })

  test('what happened comes before what was asked after it, also when nobody asks', async () => {
    await using store = await openStore(await open())
    const history = new History(store, () => 7)
    const happened = (n: number) => ({ tenant: 'tnt_a', type: 'key.created', subject: `key_${n}`, data: { n } })
    {
      await using appender = new Appender({ store, history })
      for (let n = 0; n < 5; n++) {
        await history.record(happened(n))
        await appender.append({ tenant: 'tnt_a', at: n, request: asked(`${n}`) })
      }
      await history.record(happened(5))
    }
    // While no service runs that records it.
    await history.record(...Array.from({ length: 1_200 }, (_, n) => happened(n + 6)))
    {
      await using appender = new Appender({ store, history })
      await appender.append({ tenant: 'tnt_a', at: 1, request: asked('last') })
    }
    const records = await chain(store, 'tnt_a')
    const events = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => `key.created key_${n + from}`)
    const pairs = Array.from({ length: 5 }, (_, n) => [`key.created key_${n}`, `${n}`]).flat()
    assert.deepEqual(told(records), [...pairs, ...events(5, 1_206), 'last'])
    assert.deepEqual(records[0]!.event, { id: 1, type: 'key.created', subject: 'key_0', data: { n: 0 } })
    assert.ok(
      records.every(({ at }) => at === '1970-01-01T00:00:00.007Z'),
      'time went back',
    )
  })

  test('whatever comes of a commit, the chain goes on from what is in the database', async () => {
    await using store = await openStore(await open())
    const history = new History(store)
    let mishap: 'before' | 'after' | undefined
    const write: Store['write'] = async work => {
      const now = mishap
      mishap = undefined
      if (now === 'before') throw new Error('lost before')
      const value = await store.write(work)
      if (now === 'after') throw new Error('lost after')
      return value
    }
    {
      await using appender = new Appender({ store: { ...store, write }, history })
      const append = (id: string) => appender.append({ tenant: null, at: 0, request: asked(id) })
      await append('a')
      mishap = 'before'
      await assert.rejects(append('b'), /lost before/)
      await append('c')
      mishap = 'after'
      await assert.rejects(append('d'), /lost after/)
      await append('e')
    }
    assert.deepEqual(told(await chain(store, 'service')), ['a', 'c', 'd', 'e'])
  })
})
