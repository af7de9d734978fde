/** A service that is killed while it answers: each answer that somebody has is on record, and the chains hang together. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AuditRecord, chainRoot, emptyChain, extendChain } from '@keytether/audit'
import { decode } from '@keytether/codec'
import { eachDatabase } from '@keytether/test/databases'
import { readHead } from '../../packages/hsm/src/audit/heads.ts'
import { openStore, type Store } from '../../packages/hsm/src/store/store.ts'

const rounds = 3
const clients = 16
const token = 'the-token-of-this-test'
const program = fileURLToPath(new URL('../support/audited-service.ts', import.meta.url))

/** Request ids with the status that was answered. */
type Answered = Map<string, number>

eachDatabase((_, open) => {
  test(`killed ${rounds} times in a row: no record of an answered request is lost`, async t => {
    const url = await open()
    const answered: Answered = new Map()
    for (let round = 1; round <= rounds; round++) {
      await killed(url, round, answered)
      await using store = await openStore(url)
      const onRecord = await records(store)
      const wrong = [...answered].filter(([id, status]) => onRecord.get(id) !== status)
      assert.deepEqual(wrong, [], `lost in round ${round}`)
    }
    t.diagnostic(`${answered.size} answered`)
    assert.ok(answered.size > rounds * 15, `${answered.size}: too few for the test to mean anything`)
    assert.deepEqual(new Set(answered.values()), new Set([200, 201, 403, 404]))
  })
})

/** Lets it answer many at once, and kills it in the midst of that. */
async function killed(url: string, round: number, answered: Answered): Promise<void> {
  const child = spawn(process.execPath, [program, url, token], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [base] = await once(createInterface({ input: child.stdout }), 'line')
  const asking = Array.from({ length: clients }, (_, client) => ask(`${base}/v1`, `${round}-${client}`, answered))
  setTimeout(() => child.kill('SIGKILL'), 500 + randomInt(1_000))
  await Promise.all([...asking, exited])
}

/** Until nobody answers any more. */
async function ask(base: string, name: string, answered: Answered): Promise<void> {
  const known = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  for (let count = 0; ; count++) {
    const make = { method: 'POST', headers: known, body: JSON.stringify({ name: `p-${name}-${count}` }) }
    const [path, init] = (
      [
        ['/principals', make],
        ['/keys', { headers: known }],
        ['/keys/nothing', { headers: known }],
        ['/tenants', { headers: known }],
      ] as const
    )[count % 4]!
    try {
      const response = await fetch(`${base}${path}`, init)
      await response.arrayBuffer()
      answered.set(response.headers.get('x-request-id')!, response.status)
    } catch {
      return
    }
  }
}

/** Of all chains: statuses by request id. */
async function records({ db }: Store): Promise<Map<string, number>> {
  const statuses = new Map<string, number>()
  const chains = await db.selectFrom('audit_chains').select('chain').execute()
  for (const { chain } of chains) {
    const rows = await db.selectFrom('audit').select('line').where('chain', '=', chain).orderBy('seq').execute()
    let end = emptyChain
    for (const { line } of rows) {
      const { request } = decode(AuditRecord, Buffer.from(line))
      if (request !== undefined) statuses.set(request.id, request.status)
      end = extendChain(end, Buffer.from(line))
    }
    const head = await readHead(db, chain)
    assert.deepEqual([head.size, head.last, chainRoot(head)], [end.size, end.last, chainRoot(end)])
  }
  return statuses
}
