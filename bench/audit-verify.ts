/** How fast exports of the audit log are verified, beside what the same lines cost to be parsed alone. */
import { ExportVerifier } from '@keytether/audit'
import { auditLog, bytesOf, exportLines } from '@keytether/test/audit-log'
import { heading, print } from './report.ts'

const records = 100_000
const rounds = 5
const piece = 65_536

heading('Audit log, verified offline')
const log = auditLog(records)
const lines = exportLines(log, { every: 10_000 })
const bytes = bytesOf(lines)
const keys = log.signers.map(({ key }) => key)

const verified: number[] = []
const parsed: number[] = []
for (let round = 0; round < rounds; round++) {
  verified.push(await perSecond(verify))
  parsed.push(await perSecond(parse))
}
print({
  name: `records of ${Math.round(bytes.length / records)} bytes`,
  value: median(verified),
  unit: '/s',
  beside: { name: 'JSON.parse of Node', value: median(parsed) },
  aim: 100_000,
})

async function verify(): Promise<void> {
  const verifier = new ExportVerifier({ keys })
  await verifier.read('export', pieces())
  const { found, size } = verifier.result()
  if (found > 0 || size !== records)
    throw new Error(`wanted ${records} records in order, got ${size}, ${found} findings`)
}

function parse(): void {
  for (const line of lines) JSON.parse(line)
}

function* pieces(): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
}

async function perSecond(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return (records * 1000) / (performance.now() - started)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
