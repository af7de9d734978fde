import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditedRequest, ExportVerifier, parseCheckpoint, parseNoteKey } from '@keytether/audit'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { beginExport, exportLines } from './export.ts'
import { listRecords } from './records.ts'

const root: Caller = {
  principal: 'prn_root',
  name: 'root',
  tenant: null,
  roles: ['root'],
  tags: [],
  login: { credential: 'token root', address: '192.0.2.1' },
}
const ann: Caller = { ...root, principal: 'prn_ann', tenant: 'tnt_office', roles: ['auditor'] }
const asked = (id: string, outcome = 'OK'): AuditedRequest => ({
  ...{ id, operation: 'sign', asked: 'POST /v1/keys/tls/sign', principal: `prn_${id.at(-1)}` },
  ...{ status: outcome === 'OK' ? 200 : 403, outcome },
})

async function exported(hsm: Hsm, caller: Caller, from?: number): Promise<string[]> {
  const begun = await beginExport(hsm, caller, await hsm.checkpoints.now(caller), from)
  const lines = [begun.header]
  for (let cursor: string | undefined; ; ) {
    const page = await exportLines(hsm, caller, begun, { cursor, limit: 7 })
    lines.push(...page.items)
    if (page.next === undefined) return lines
    cursor = page.next
  }
}

async function verified(hsm: Hsm, caller: Caller, parts: readonly (readonly string[])[]) {
  const keys = (await hsm.checkpoints.now(caller)).keys.map(parseNoteKey)
  const verifier = new ExportVerifier({ keys })
  for (const lines of parts) await verifier.read('export', [Buffer.from(lines.map(line => `${line}\n`).join(''))])
  const { findings, from, size } = verifier.result()
  assert.deepEqual(findings, [])
  return [from, size]
}

eachDatabase((_, open) => {
  const start = async () =>
    openHsm({ devices: { roots: [] }, database: await open(), masterKey: { key: new Uint8Array(32) } })

  test('an export is what was recorded, whole and in parts, of the tenant alone', async () => {
    await using hsm = await start()
    for (let i = 0; i < 30; i++) await hsm.audit.record(i % 3 ? 'tnt_office' : null, asked(`req_${i}`))
    assert.deepEqual(await verified(hsm, ann, [await exported(hsm, ann)]), [0, 20])
    const early = await exported(hsm, ann)
    await hsm.audit.record('tnt_office', asked('req_late'))
    assert.deepEqual(await verified(hsm, ann, [early, await exported(hsm, ann, 20)]), [0, 21])
    assert.deepEqual(await verified(hsm, ann, [await exported(hsm, ann, 13)]), [13, 21])
    assert.deepEqual(await verified(hsm, ann, [await exported(hsm, ann, 21)]), [21, 21])
    await assert.rejects(exported(hsm, ann, 22), { code: 'INVALID' })
    assert.ok((await exported(hsm, root)).slice(1).every(line => JSON.parse(line).tenant === null))
  })

  test('a checkpoint that was made between two records stands there', async () => {
    await using hsm = await start()
    for (let i = 0; i < 3; i++) await hsm.audit.record('tnt_office', asked(`req_${i}`))
    const { size, checkpoint } = await hsm.checkpoints.now(ann)
    await hsm.store.write(db =>
      db.insertInto('audit_checkpoints').values({ chain: 'tnt_office', size, at: 0, note: checkpoint }).execute(),
    )
    for (let i = 3; i < 5; i++) await hsm.audit.record('tnt_office', asked(`req_${i}`))
    const lines = await exported(hsm, ann)
    assert.deepEqual(JSON.parse(lines[4]!), { checkpoint })
    assert.deepEqual(await verified(hsm, ann, [lines]), [0, 5])
  })

  test('logs have names of their own, also where nothing was recorded', async () => {
    await using hsm = await start()
    const origins = await Promise.all([ann, root].map(async caller => (await hsm.checkpoints.now(caller)).origin))
    assert.match(origins[0]!, /^keytether\/log_[\w-]+\/tnt_office$/)
    assert.match(origins[1]!, /^keytether\/log_[\w-]+\/service$/)
    const { size, root: hash } = parseCheckpoint((await hsm.checkpoints.now(ann)).checkpoint)
    assert.deepEqual([size, Buffer.from(hash).toString('hex').slice(0, 8)], [0, 'e3b0c442'])
    assert.deepEqual(await verified(hsm, ann, [await exported(hsm, ann)]), [0, 0])
  })

  test('the latest first, by what is asked for', async () => {
    await using hsm = await start()
    for (let i = 0; i < 6; i++) await hsm.audit.record('tnt_office', asked(`req_${i}`, i % 2 ? 'FORBIDDEN' : 'OK'))
    const ids = async (filter: Parameters<typeof listRecords>[2], caller = ann) =>
      (await listRecords(hsm, caller, filter, { limit: 9 })).items.map(({ request }) => request!.id).join(' ')
    assert.equal(await ids({ outcome: 'FORBIDDEN' }), 'req_5 req_3 req_1')
    assert.equal(await ids({ actor: 'prn_2' }), 'req_2')
    assert.equal(await ids({ request: 'req_4', operation: 'sign' }), 'req_4')
    assert.equal(await ids({ operation: 'decrypt' }), '')
    assert.equal(await ids({ since: Date.now() + 60_000 }), '')
    const first = await listRecords(hsm, ann, {}, { limit: 2 })
    const second = await listRecords(hsm, ann, {}, { limit: 4, cursor: first.next })
    assert.deepEqual([first.items.length, second.items.length, second.next], [2, 4, undefined])
    assert.equal(await ids({ operation: 'sign' }, { ...ann, tenant: 'tnt_lab' }), '')
  })
})
