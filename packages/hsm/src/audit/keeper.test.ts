import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditedRequest, ExportVerifier, parseNote, parseNoteKey, verifyNote } from '@keytether/audit'
import { eachDatabase } from '@keytether/test/databases'
import { BenchToken, GroupBench } from '@keytether/test/group-bench'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { chainSettings, changeChainSettings } from './chain-settings.ts'
import { beginExport, exportLines } from './export.ts'

const login = { credential: 'token first', address: '192.0.2.1' }
const ann: Caller = { principal: 'prn_ann', name: 'ann', tenant: 'tnt_a', roles: ['auditor'], tags: [], login }
const dayMs = 24 * 60 * 60_000

const asked = (id: string): AuditedRequest => ({ id, asked: 'POST /v1/…', status: 200, outcome: 'OK' })

async function exported(hsm: Hsm): Promise<string[]> {
  const checkpoint = await hsm.checkpoints.now(ann)
  const begun = await beginExport(hsm, ann, checkpoint)
  const { items } = await exportLines(hsm, ann, begun, { limit: 5_000 })
  return [begun.header, ...items]
}

async function verified(hsm: Hsm, lines: readonly string[]) {
  const verifier = new ExportVerifier({ keys: (await hsm.checkpoints.now(ann)).keys.map(parseNoteKey) })
  await verifier.read('export', [Buffer.from(lines.map(line => `${line}\n`).join(''))])
  return verifier.result()
}

/** As if so many had been recorded so long ago. */
async function age(hsm: Hsm, records: number, days: number): Promise<void> {
  const at = Date.now() - days * dayMs
  await hsm.store.write(db =>
    db.updateTable('audit').set({ at }).where('chain', '=', 'tnt_a').where('seq', '<', records).execute(),
  )
}

eachDatabase((_, open) => {
  const start = async () =>
    openHsm({ devices: { roots: [] }, database: await open(), masterKey: { key: new Uint8Array(32) } })

  test('a checkpoint whenever more was recorded, and no other', async () => {
    await using hsm = await start()
    const sizes = async () => {
      await hsm.auditKeeper.round()
      const rows = await hsm.store.db.selectFrom('audit_checkpoints').selectAll().where('chain', '=', 'tnt_a').execute()
      return rows.map(({ size }) => size)
    }
    for (const id of ['a', 'b']) await hsm.audit.record('tnt_a', asked(id))
    assert.deepEqual([await sizes(), await sizes()], [[2], [2]])
    await hsm.audit.record('tnt_a', asked('c'))
    assert.deepEqual(await sizes(), [2, 4], 'that there was a checkpoint is recorded, too')
    const { findings, from } = await verified(hsm, await exported(hsm))
    assert.deepEqual([findings, from], [[], 0])
  })

  test('a chain that cannot be signed hinders no other', async t => {
    await using hsm = await start()
    for (const tenant of ['tnt_a', 'tnt_b']) await hsm.audit.record(tenant, asked('a'))
    const { keep } = hsm.checkpoints
    t.mock.method(hsm.checkpoints, 'keep', async (chain: string) => {
      if (chain === 'tnt_a') throw new Error('its token is lost')
      await keep.call(hsm.checkpoints, chain)
    })
    await hsm.auditKeeper.round()
    const rows = await hsm.store.db.selectFrom('audit_checkpoints').select('chain').execute()
    const signed = rows.map(({ chain }) => chain)
    assert.deepEqual([signed.includes('tnt_a'), signed.includes('tnt_b')], [false, true])
  })

  test('an export does not wait for what was deleted since it began', { timeout: 20_000 }, async () => {
    await using hsm = await start()
    for (const id of ['a', 'b', 'c']) await hsm.audit.record('tnt_a', asked(id))
    const checkpoint = await hsm.checkpoints.now(ann)
    await hsm.store.write(db => db.deleteFrom('audit').where('chain', '=', 'tnt_a').where('seq', '<', 2).execute())
    await assert.rejects(beginExport(hsm, ann, checkpoint, 2), { code: 'INVALID' })
  })

  test('what is older than is wanted goes, and the rest is still what was signed', async () => {
    await using hsm = await start()
    await Promise.all(Array.from({ length: 1_500 }, (_, n) => hsm.audit.record('tnt_a', asked(`${n}`))))
    await changeChainSettings(hsm, ann, { retention: 30 })
    await age(hsm, 1_203, 31)
    await hsm.auditKeeper.round()
    assert.deepEqual((await chainSettings(hsm, ann)).first, 1_203)
    await hsm.audit.record('tnt_a', asked('later'))
    const lines = await exported(hsm)
    const { findings, from } = await verified(hsm, lines)
    assert.deepEqual([findings, from], [[], 1_203])
    const told = lines.slice(1).map(line => JSON.parse(line).event?.type)
    assert.deepEqual(told.filter(Boolean).slice(0, 3), ['audit.changed', 'audit.checkpoint', 'audit.deleted'])
    const without = lines.toSpliced(5, 1)
    assert.notDeepEqual((await verified(hsm, without)).findings, [])
  })
})

test('a key on a token signs, too, where a member is there that has it', async () => {
  const token = await BenchToken.make()
  await using bench = await GroupBench.open()
  await bench.join('pair', token)
  const { hsm, caller } = bench
  const { signal } = new AbortController()
  for (const [name, curve, tags] of [
    ['log', 'secp256r1', ['nobody']],
    ['other', 'secp384r1', []],
  ] as const) {
    await hsm.keys.create(caller, { name, group: 'pair', type: { kind: 'EC', curve }, durability: 1, tags }, signal)
  }
  await assert.rejects(changeChainSettings(hsm, caller, { checkpointKey: 'other' }), { code: 'WRONG_SCHEME' })
  await assert.rejects(changeChainSettings(hsm, caller, { checkpointKey: 'none' }), { code: 'NOT_FOUND' })
  assert.equal((await changeChainSettings(hsm, caller, { checkpointKey: 'log' })).checkpointKey, 'log')
  const both = await hsm.checkpoints.now(caller)
  const keys = both.keys.map(parseNoteKey)
  assert.deepEqual(verifyNote(parseNote(both.checkpoint), keys), { signedBy: keys, forged: [] })
  assert.deepEqual(
    keys.map(({ algorithm }) => algorithm),
    ['Ed25519', 'ECDSA'],
  )
  bench.pull(token)
  assert.equal((await hsm.checkpoints.now(caller)).keys.length, 1)
})
