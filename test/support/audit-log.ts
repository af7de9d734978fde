/** Audit logs of any length, with the keys that sign them, as exports write them. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  type AuditEntry,
  type ChainHead,
  chainRecord,
  chainRoot,
  checkpointText,
  ExportedCheckpoint,
  ExportHeader,
  emptyChain,
  formatNote,
  formatNoteKey,
  type NoteKey,
  noteKey,
  writeHead,
} from '@keytether/audit'
import { encode } from '@keytether/codec'

export interface LogSigner {
  readonly key: NoteKey
  readonly privateKey: KeyObject
}

export interface AuditLog {
  readonly origin: string
  readonly tenant: string | null
  readonly signers: readonly LogSigner[]
  /** The heads before the first record, after it, and so on. */
  readonly heads: readonly ChainHead[]
  /** Each record without the end of its line. */
  readonly lines: readonly string[]
}

export function serviceSigner(origin: string): LogSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { key: noteKey(origin, publicKey), privateKey }
}

export function tokenSigner(origin: string): LogSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { key: noteKey(origin, publicKey), privateKey }
}

/** @param entries what is recorded; default requests and events as they occur */
export function auditLog(
  length: number,
  { origin = 'keytether/svc_test/tnt_lab', entries = entryOf }: { origin?: string; entries?: typeof entryOf } = {},
): AuditLog {
  const heads = [emptyChain]
  const lines: string[] = []
  for (let seq = 0; seq < length; seq++) {
    const { line, head } = chainRecord(heads.at(-1)!, 'tnt_lab', entries(seq))
    lines.push(new TextDecoder().decode(line))
    heads.push(head)
  }
  return { origin, tenant: 'tnt_lab', signers: [serviceSigner(origin), tokenSigner(origin)], heads, lines }
}

export function entryOf(seq: number): AuditEntry {
  const at = new Date(1_770_000_000_000 + 7 * seq).toISOString()
  if (seq % 5 === 4) {
    return {
      at,
      event: {
        id: 1000 + seq,
        type: 'key.created',
        subject: `key_${seq}`,
        actor: 'prn_ann',
        data: { name: 'tls', seq },
      },
    }
  }
  return {
    at,
    request: {
      id: `req_${seq}`,
      operation: 'sign',
      asked: 'POST /v1/keys/tls/sign',
      principal: 'prn_AQIDBAUGBwgJCgsMDQ4P',
      name: 'web server',
      credential: 'token web/first',
      address: '192.0.2.17',
      input: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
      uses: [
        { verb: 'sign', key: 'key_AQIDBAUGBwgJCgsMDQ4P', name: 'tls', version: 1, device: 'DECC0900001.UTDECC0900001' },
      ],
      status: 200,
      outcome: 'OK',
    },
  }
}

/** A checkpoint over so many records, signed. */
export function checkpointNote(
  origin: string,
  head: ChainHead,
  signers: readonly LogSigner[],
  text = checkpointText({ origin, size: head.size, root: chainRoot(head) }),
): string {
  const signatures = signers.map(({ key, privateKey }) => ({
    name: key.name,
    keyId: key.id,
    signature: new Uint8Array(sign(key.algorithm === 'ECDSA' ? 'sha256' : null, Buffer.from(text), privateKey)),
  }))
  return formatNote({ text, signatures })
}

export function headerLine(log: AuditLog, from: number, to: number): string {
  const header = {
    keytether: 'audit 1',
    origin: log.origin,
    tenant: log.tenant,
    from: writeHead(log.heads[from]!),
    keys: log.signers.map(({ key }) => formatNoteKey(key)),
    checkpoint: checkpointNote(log.origin, log.heads[to]!, log.signers),
  }
  return new TextDecoder().decode(encode(ExportHeader, header))
}

export function checkpointLine(note: string): string {
  return new TextDecoder().decode(encode(ExportedCheckpoint, { checkpoint: note }))
}

/** The lines of an export of the records from one number up to before another, with a checkpoint after every so many. */
export function exportLines(
  log: AuditLog,
  { from = 0, to = log.lines.length, every = 20 }: { from?: number; to?: number; every?: number } = {},
): string[] {
  const lines = [headerLine(log, from, to)]
  for (let seq = from; seq < to; seq++) {
    lines.push(log.lines[seq]!)
    const size = seq + 1
    if (size % every === 0 && size < to) {
      lines.push(checkpointLine(checkpointNote(log.origin, log.heads[size]!, log.signers)))
    }
  }
  return lines
}

/** The bytes of lines. */
export function bytesOf(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map(line => `${line}\n`).join(''))
}
