/** The audit log and Go's own library for transparency logs: the same tree, and notes that each takes from the other. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { chainRoot, formatNoteKey, parseCheckpoint, parseNoteKey, verifyNote } from '@keytether/audit'
import { auditLog, bytesOf, exportLines } from '@keytether/test/audit-log'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-tlog-'))
after(() => rmSync(folder, { recursive: true }))

test('Go computes the same root, and verifies what both keys signed; what Go signs is verified', t => {
  if (!requirePeers(t, ['go', 'sumdb'])) return
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(folder, 'cache') }
  const program = join(folder, 'tlog')
  execFileSync('go', ['build', '-o', program, join(import.meta.dirname, 'tlog.go')], { env })
  for (const records of [1, 8, 100]) {
    const log = auditLog(records)
    const file = join(folder, `${records}.jsonl`)
    writeFileSync(file, bytesOf(exportLines(log)))
    const keys = log.signers.map(({ key }) => formatNoteKey(key))
    const [tree, signatures, key, ...note] = execFileSync(program, [file, ...keys], { encoding: 'utf8' }).split('\n')
    assert.equal(tree, `${records} ${Buffer.from(chainRoot(log.heads[records]!)).toString('base64')}`)
    assert.equal(signatures, '2 0')
    const theirs = parseNoteKey(key!)
    const checkpoint = parseCheckpoint(note.join('\n'))
    assert.deepEqual([checkpoint.size, verifyNote(checkpoint.note, [theirs]).signedBy], [records, [theirs]])
  }
})
