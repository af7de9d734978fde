import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, toHex } from '@keytether/codec'
import { chainRecord, chainRoot, emptyChain, extendChain } from './chain.ts'
import { readHead, writeHead } from './export.ts'
import { AuditRecord } from './record.ts'
import { leafHash } from './tree.ts'

const at = '2026-01-31T12:00:00.000Z'
const happened = (id: number) => ({ at, event: { id, type: 'key.created', subject: 'key_a', data: {} } })

test('each record has its number and the hash of the one before; who reads the lines gets to the same head', () => {
  let written = emptyChain
  let read = emptyChain
  for (let seq = 0; seq < 20; seq++) {
    const { record, line, head } = chainRecord(written, 'tnt_lab', happened(seq))
    assert.deepEqual([record.seq, record.prev], [seq, Buffer.from(written.last).toString('base64')])
    assert.deepEqual(decode(AuditRecord, line), record)
    assert.equal(toHex(head.last), toHex(leafHash(line)))
    read = extendChain(read, line)
    assert.deepEqual(read, head)
    assert.deepEqual(readHead(writeHead(head)), head)
    written = head
  }
  assert.notEqual(toHex(chainRoot(written)), toHex(chainRoot(emptyChain)))
  assert.deepEqual(readHead(writeHead(emptyChain)), emptyChain)
})

test('a head with another number of subtrees than its size has is none', () => {
  const { head } = chainRecord(emptyChain, null, happened(0))
  assert.throws(() => readHead({ ...writeHead(head), size: 3 }), /wanted 2 roots of 3 records, got 1/)
  assert.throws(() => readHead({ ...writeHead(head), size: 0, range: [] }), /wanted zeros/)
})
