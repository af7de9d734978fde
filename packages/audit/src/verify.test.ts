import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditLog, auditLog, bytesOf, checkpointNote, entryOf, exportLines } from '@keytether/test/audit-log'
import { ExportVerifier, type VerifyOptions } from './verify.ts'

const log = auditLog(100)
const keys = log.signers.map(({ key }) => key)

async function verify(parts: readonly (readonly string[])[], options: VerifyOptions = { keys }) {
  const verifier = new ExportVerifier(options)
  for (const [i, lines] of parts.entries()) await verifier.read(`${i}.jsonl`, [bytesOf(lines)])
  return verifier.result()
}

const codes = async (...parameters: Parameters<typeof verify>) =>
  (await verify(...parameters)).findings.map(({ code }) => code)

test('a whole log is what was recorded, and both keys vouch for it', async () => {
  const { findings, signedBy, ...rest } = await verify([exportLines(log)])
  assert.deepEqual(findings, [])
  assert.deepEqual(rest, {
    origin: log.origin,
    tenant: 'tnt_lab',
    from: 0,
    size: 100,
    firstAt: entryOf(0).at,
    lastAt: entryOf(99).at,
    found: 0,
  })
  assert.deepEqual(
    signedBy,
    keys.map(key => ({ key, size: 100 })),
  )
})

test('without keys those that it names, and a log without records', async () => {
  assert.deepEqual(await codes([exportLines(log)], {}), [])
  assert.deepEqual(await codes([exportLines(log, { to: 0 })]), [])
})

test('however the bytes come', async () => {
  const bytes = bytesOf(exportLines(log, { to: 25 }))
  for (const size of [1, 7, 1000]) {
    const verifier = new ExportVerifier({ keys })
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.slice(i * size, (i + 1) * size),
    )
    await verifier.read('log', pieces)
    assert.deepEqual([verifier.result().findings, verifier.result().size], [[], 25])
  }
})

test('parts that go on where others ended, and such as do not', async () => {
  const part = (from: number, to: number, of: AuditLog = log) => exportLines(of, { from, to })
  const other = { ...auditLog(100, { entries: seq => entryOf(seq + 1) }), signers: log.signers }
  assert.deepEqual(await codes([part(0, 33), part(33, 80), part(80, 100)]), [])
  assert.deepEqual(await codes([part(33, 80)]), [])
  assert.deepEqual(await codes([part(0, 33), part(34, 80)]), ['MISSING'])
  assert.deepEqual(await codes([part(0, 33), part(32, 80)]), ['OUT_OF_ORDER'])
  assert.deepEqual(await codes([part(0, 33), part(33, 80, other)]), ['CHANGED'])
  assert.deepEqual(await codes([part(0, 33), part(33, 80, { ...log, tenant: null })]), ['FOREIGN'])
})

test('checkpoints that were kept: a log that is shorter or another one is noticed', async () => {
  const note = (size: number, of: AuditLog = log) => checkpointNote(log.origin, of.heads[size]!, log.signers)
  const kept = (...notes: readonly string[]) => ({ keys, kept: notes.map((note, i) => ({ file: `kept ${i}`, note })) })
  const other = auditLog(100, { entries: seq => entryOf(seq + 1) })
  assert.deepEqual(await codes([exportLines(log)], kept(note(0), note(70), note(33), note(100))), [])
  assert.deepEqual(await codes([exportLines(log, { to: 90 })], kept(note(91))), ['CUT_SHORT'])
  assert.deepEqual(await codes([exportLines(log)], kept(note(33, other))), ['REWRITTEN'])
  assert.deepEqual(await codes([exportLines(log, { from: 40 })], kept(note(33), note(40))), ['MISSING'])
  assert.deepEqual(await codes([exportLines(log)], kept(note(33).replace('33', '34'))), ['FORGED'])
  assert.deepEqual(await codes([exportLines(log)], kept('what is this?')), ['FORGED'])
})

test('a key says for how far it has vouched', async () => {
  const [service, token] = log.signers
  const lines = exportLines({ ...log, signers: [service!] }, { every: 200 })
  const half = checkpointNote(log.origin, log.heads[50]!, [token!])
  lines.splice(51, 0, JSON.stringify({ checkpoint: half }))
  const { signedBy, findings } = await verify([lines])
  assert.deepEqual(findings, [])
  assert.deepEqual(
    signedBy.map(({ key, size }) => [key.algorithm, size]),
    [
      ['ECDSA', 50],
      ['Ed25519', 100],
    ],
  )
})

test('what is no export', async () => {
  const lines = exportLines(log)
  assert.deepEqual(await codes([[]]), ['UNREADABLE'])
  assert.deepEqual(await codes([['{}']]), ['UNREADABLE'])
  assert.deepEqual(await codes([lines.slice(1)]), ['UNREADABLE'])
  assert.deepEqual(await codes([[lines[0]!.replace('audit 1', 'audit 2'), ...lines.slice(1)]]), ['UNREADABLE'])
  assert.deepEqual(await codes([['x'.repeat(2 << 20)]]), ['UNREADABLE'])
})

test('findings are counted, and the first hundred kept', async () => {
  const lines = exportLines(log, { every: 200 })
  const { findings, found } = await verify([[lines[0]!, ...Array.from({ length: 500 }, () => '{}')]])
  assert.deepEqual([findings.length, found], [100, 501])
})
