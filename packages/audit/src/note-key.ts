/**
 * Public keys that notes are verified with, and how their users write them: name, key id and key in one line.
 *
 * @see C2SP, signed-note: types 01 (Ed25519) and 02 (ECDSA with SHA-256, whose id is of the key alone)
 * @module
 */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { concat, equal, fromHex, toHex } from '@keytether/codec'
import { fromBase64, toBase64 } from './base64.ts'
import { AuditError } from './errors.ts'
import { isKeyName, type Note } from './note.ts'

export interface NoteKey {
  readonly name: string
  readonly id: Uint8Array
  readonly algorithm: 'Ed25519' | 'ECDSA'
  readonly publicKey: KeyObject
}

const types = { Ed25519: 1, ECDSA: 2 } as const
/** What stands before an Ed25519 public key in its SubjectPublicKeyInfo (RFC 8410). */
const ed25519Prefix = fromHex('302a300506032b6570032100')

/**
 * @param name without spaces and plus, as the origin of the log that it signs
 * @param publicKey Ed25519, or of the curve P-256
 * @throws AuditError `NOT_A_KEY`
 */
export function noteKey(name: string, publicKey: KeyObject): NoteKey {
  if (!isKeyName(name)) throw notAKey(`wanted a name without spaces and plus, got ${JSON.stringify(name)}`)
  const algorithm = algorithmOf(publicKey)
  const { id } = parts(name, algorithm, publicKey)
  return { name, id, algorithm, publicKey }
}

/** In one line, as in `origin+1a2b3c4d+AbCd…=`. */
export function formatNoteKey({ name, algorithm, publicKey }: NoteKey): string {
  const { id, typed } = parts(name, algorithm, publicKey)
  return `${name}+${toHex(id)}+${toBase64(typed)}`
}

/** @throws AuditError `NOT_A_KEY` */
export function parseNoteKey(line: string): NoteKey {
  const [, name, id, written] = /^([^+]*)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]*)$/.exec(line) ?? []
  const typed = written === undefined ? undefined : fromBase64(written)
  if (name === undefined || id === undefined || typed === undefined) {
    throw notAKey('wanted a name, eight hexadecimal digits and base64, with + between them')
  }
  const key = noteKey(name, publicKeyOf(typed))
  if (formatNoteKey(key) !== line) throw notAKey(`the key ${name}+${id} has another id, or is written in another way`)
  return key
}

/** What comes of verifying the signatures of keys that are known; those of others say nothing. */
export interface NoteVerification {
  readonly signedBy: readonly NoteKey[]
  /** Keys that did not make the signature that says it is theirs. */
  readonly forged: readonly NoteKey[]
}

export function verifyNote({ text, signatures }: Note, keys: readonly NoteKey[]): NoteVerification {
  const signedBy = new Set<NoteKey>()
  const forged = new Set<NoteKey>()
  for (const { name, keyId, signature } of signatures) {
    for (const key of keys) {
      if (key.name !== name || !equal(key.id, keyId)) continue
      const digest = key.algorithm === 'ECDSA' ? 'sha256' : null
      const genuine = verify(digest, Buffer.from(text), key.publicKey, signature)
      if (genuine) signedBy.add(key)
      else forged.add(key)
    }
  }
  return { signedBy: [...signedBy], forged: [...forged] }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): NoteKey['algorithm'] {
  if (asymmetricKeyType === 'ed25519') return 'Ed25519'
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ECDSA'
  throw notAKey('wanted an Ed25519 key, or one of the curve P-256')
}

function parts(name: string, algorithm: NoteKey['algorithm'], publicKey: KeyObject) {
  const info = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const encoded = algorithm === 'Ed25519' ? info.subarray(ed25519Prefix.length) : info
  const typed = concat(Uint8Array.of(types[algorithm]), encoded)
  const named = algorithm === 'Ed25519' ? concat(new TextEncoder().encode(`${name}\n`), typed) : encoded
  return { id: new Uint8Array(hash('sha256', named, 'buffer').subarray(0, 4)), typed }
}

function publicKeyOf(typed: Uint8Array): KeyObject {
  const encoded = typed.subarray(1)
  const info = typed[0] === types.Ed25519 ? concat(ed25519Prefix, encoded) : encoded
  if (typed[0] !== types.Ed25519 && typed[0] !== types.ECDSA) throw notAKey('wanted a key of type 1 or 2')
  try {
    return createPublicKey({ key: Buffer.from(info), type: 'spki', format: 'der' })
  } catch {
    throw notAKey('its bytes are no public key')
  }
}

function notAKey(message: string): AuditError {
  return new AuditError('NOT_A_KEY', message)
}
