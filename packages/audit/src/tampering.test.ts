/** A thousand random tamperings, each found and called what it is, with the records that it is about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AuditLog,
  auditLog,
  bytesOf,
  checkpointLine,
  checkpointNote,
  entryOf,
  exportLines,
  headerLine,
  serviceSigner,
} from '@keytether/test/audit-log'
import fc from 'fast-check'
import { chainRoot } from './chain.ts'
import { checkpointText } from './checkpoint.ts'
import type { Finding, FindingCode } from './findings.ts'
import { ExportVerifier } from './verify.ts'

const runs = { numRuns: 125 }
const [size, from, every] = [60, 13, 10]
const log = auditLog(size)
const whole = exportLines(log, { from, every })
const keys = log.signers.map(({ key }) => key)
/** Another log with the same keys: as a service that was restored from a copy would go on. */
const fork: AuditLog = { ...auditLog(size, { entries: seq => entryOf(seq + 1) }), signers: log.signers }
/** Whoever has all but the keys. */
const forger: AuditLog = { ...fork, signers: [serviceSigner(log.origin)] }

async function findings(content: Uint8Array): Promise<readonly Finding[]> {
  const verifier = new ExportVerifier({ keys })
  await verifier.read('log', [content])
  return verifier.result().findings
}

/** How many records the checkpoint on a line is over. */
function sizeAt(line: number): number {
  return every * (checkpoints.indexOf(line) + Math.ceil((from + 1) / every))
}

/** @param record one of those that a finding has to be about */
async function found(lines: readonly string[] | Uint8Array, codes: readonly FindingCode[], record?: number) {
  const all = await findings(lines instanceof Uint8Array ? lines : bytesOf(lines))
  const named = all.some(
    ({ code, records }) =>
      codes.includes(code) && (record === undefined || (records && records[0] <= record && record <= records[1])),
  )
  assert.ok(named, `wanted ${codes.join(' or ')} of ${record}, got ${JSON.stringify(all)}`)
}

const place = (seq: number, lines: readonly string[] = whole) => lines.indexOf(log.lines[seq]!)
const aRecord = fc.integer({ min: from, max: size - 1 })
const isCheckpoint = (line: string) => line.startsWith('{"checkpoint"')
const checkpoints = whole.flatMap((line, i) => (isCheckpoint(line) ? [i] : []))

test('what they are made from is as it should be', async () => assert.deepEqual(await findings(bytesOf(whole)), []))

test('changed: any byte of any record', async () => {
  await fc.assert(
    fc.asyncProperty(aRecord, fc.nat(), fc.integer({ min: 1, max: 255 }), async (seq, where, bits) => {
      const bytes = bytesOf(whole)
      const start = bytesOf(whole.slice(0, place(seq))).length
      bytes[start + (where % log.lines[seq]!.length)]! ^= bits
      await found(bytes, ['CHANGED', 'UNREADABLE', 'REWRITTEN', 'FOREIGN'], seq)
    }),
    runs,
  )
})

test('changed: another value in any record', async () => {
  await fc.assert(
    fc.asyncProperty(aRecord, fc.constantFrom('at', 'prev', 'what'), async (seq, member) => {
      const record = JSON.parse(log.lines[seq]!)
      if (member === 'at') record.at = '2026-01-01T00:00:00.000Z'
      else if (member === 'prev') record.prev = JSON.parse(fork.lines[seq]!).prev
      else if (record.request) record.request.address = '203.0.113.1'
      else record.event.actor = 'prn_eve'
      const line = JSON.stringify(record)
      fc.pre(line !== log.lines[seq])
      await found(whole.with(place(seq), line), ['CHANGED', 'REWRITTEN'], seq)
    }),
    runs,
  )
})

test('dropped: one record or several', async () => {
  await fc.assert(
    fc.asyncProperty(aRecord, fc.integer({ min: 1, max: 12 }), async (first, count) => {
      const gone = log.lines.slice(first, first + count)
      const lines = whole.filter(line => !gone.includes(line))
      const all = await findings(bytesOf(lines))
      const last = Math.min(first + count, size) - 1
      const wanted = ['MISSING', 'CUT_SHORT'].flatMap(code => all.filter(finding => finding.code === code))
      // A checkpoint within what is gone is misplaced; what is gone is said for all that.
      assert.deepEqual([wanted[0]?.records], [[first, last]], JSON.stringify(all))
    }),
    runs,
  )
})

test('reordered: two records exchanged, one moved, some the other way round', async () => {
  const way = fc.constantFrom('exchange', 'move', 'reverse')
  await fc.assert(
    fc.asyncProperty(aRecord, aRecord, way, async (one, other, way) => {
      fc.pre(one !== other)
      const [first, second] = [place(Math.min(one, other)), place(Math.max(one, other))]
      const lines = [...whole]
      if (way === 'exchange') [lines[first], lines[second]] = [lines[second]!, lines[first]!]
      else if (way === 'move') lines.splice(second, 0, ...lines.splice(first, 1))
      else lines.splice(first, second - first + 1, ...lines.slice(first, second + 1).reverse())
      await found(lines, ['MISSING', 'OUT_OF_ORDER'], Math.min(one, other))
    }),
    runs,
  )
})

test('truncated: at any byte', async () => {
  const bytes = bytesOf(whole)
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), async length => {
      await found(bytes.slice(0, length), length === 0 ? ['UNREADABLE'] : ['CUT_SHORT'])
    }),
    runs,
  )
})

test('spliced: records of another log put in place of some, between them, twice, or behind the end', async () => {
  const way = fc.constantFrom('replaced', 'foreign', 'twice', 'behind')
  await fc.assert(
    fc.asyncProperty(aRecord, fc.integer({ min: 1, max: 12 }), way, async (first, count, way) => {
      const last = Math.min(first + count, size)
      if (way === 'replaced') {
        const lines = [...whole]
        for (let seq = first; seq < last; seq++) lines[place(seq)] = fork.lines[seq]!
        await found(lines, ['CHANGED'], first)
      } else if (way === 'foreign') {
        const theirs = log.lines[first]!.replace('tnt_lab', 'tnt_office')
        await found(whole.toSpliced(place(first), 0, theirs), ['FOREIGN'])
      } else if (way === 'twice') {
        await found(whole.toSpliced(place(last - 1) + 1, 0, ...log.lines.slice(first, last)), ['OUT_OF_ORDER'], first)
      } else {
        const lines = exportLines(log, { from, to: first + 1, every })
        await found(
          [...lines, ...log.lines.slice(first + 1), log.lines[from]!],
          first + 1 < size ? ['EXTRA'] : ['OUT_OF_ORDER'],
        )
      }
    }),
    runs,
  )
})

test('forged: checkpoints that were changed, moved, or signed by others, and logs that were written anew', async () => {
  const way = fc.constantFrom('text', 'signature', 'signer', 'moved', 'end', 'rewritten', 'origin')
  const which = fc.constantFrom(...checkpoints)
  await fc.assert(
    fc.asyncProperty(which, fc.nat(), way, aRecord, async (at, where, way, seq) => {
      const head = log.heads[sizeAt(at)]!
      const { checkpoint: note } = JSON.parse(whole[at]!)
      if (way === 'text') {
        const i = where % note.indexOf('\n\n')
        const other = note.slice(0, i) + (note[i] === '7' ? '8' : '7') + note.slice(i + 1)
        await found(whole.with(at, checkpointLine(other)), ['FORGED'])
      } else if (way === 'signature') {
        const { checkpoint: other } = JSON.parse(whole[checkpoints.find(i => i !== at)!]!)
        const mixed = note.slice(0, note.indexOf('\n\n')) + other.slice(other.indexOf('\n\n'))
        await found(whole.with(at, checkpointLine(mixed)), ['FORGED'])
      } else if (way === 'signer') {
        await found(whole.with(at, checkpointLine(checkpointNote(log.origin, head, forger.signers))), ['FORGED'])
      } else if (way === 'moved') {
        fc.pre(seq !== head.size - 1)
        const without = whole.toSpliced(at, 1)
        await found(without.toSpliced(place(seq, without) + 1, 0, whole[at]!), ['MISPLACED'])
      } else if (way === 'end') {
        await found([headerLine({ ...log, signers: forger.signers }, from, seq), ...whole.slice(1)], ['FORGED'])
      } else if (way === 'rewritten') {
        // All hashes are right, and all checkpoints that are left are the real ones.
        const theirs = exportLines(fork, { from: 0, every: 1000 })
        await found([headerLine(log, 0, size), ...theirs.slice(1)], ['REWRITTEN'], seq)
        await found(exportLines(forger, { from, every }), ['FORGED'])
      } else {
        const text = checkpointText({ origin: 'keytether/other', size: head.size, root: chainRoot(head) })
        await found(whole.with(at, checkpointLine(checkpointNote(log.origin, head, log.signers, text))), ['FOREIGN'])
      }
    }),
    runs,
  )
})

test('the beginning: what is said of the records before the first one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('last', 'range', 'size', 'tenant', 'origin'), fc.nat(), async (member, where) => {
      const header = JSON.parse(whole[0]!)
      const other = fork.heads[from]!
      if (member === 'last') header.from.last = Buffer.from(other.last).toString('base64')
      else if (member === 'range') {
        const i = where % header.from.range.length
        header.from.range[i] = Buffer.from(other.range[i]!).toString('base64')
      } else if (member === 'size') header.from.size += 1 + (where % 40)
      else header[member] = 'tnt_office'
      await found(
        [JSON.stringify(header), ...whole.slice(1)],
        ['CHANGED', 'REWRITTEN', 'UNREADABLE', 'OUT_OF_ORDER', 'MISSING', 'FOREIGN'],
      )
    }),
    runs,
  )
})
