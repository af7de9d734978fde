/**
 * Signed notes: a text, and the signatures of whoever vouches for it.
 *
 * @see C2SP, signed-note
 * @module
 */
import { fromBase64, toBase64 } from './base64.ts'
import { AuditError } from './errors.ts'

export interface NoteSignature {
  /** Whose signature it says it is. */
  readonly name: string
  /** Four bytes that tell keys of one name apart. */
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

export interface Note {
  /** Each line with its end. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const keyIdSize = 4
/** Peers accept at least 16; more than this nobody needs. */
const mostSignatures = 100
/** Neither spaces nor a plus, which separate it from what follows. */
const keyName = /^[^\s+\p{C}]+$/u

export function isKeyName(name: string): boolean {
  return keyName.test(name)
}

export function formatNote({ text, signatures }: Note): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const both = new Uint8Array(keyId.length + signature.length)
    both.set(keyId)
    both.set(signature, keyId.length)
    return `— ${name} ${toBase64(both)}\n`
  })
  return `${text}\n${lines.join('')}`
}

/** @throws AuditError `NOT_A_NOTE` */
export function parseNote(note: string): Note {
  // The text may have empty lines; the last one ends it.
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) throw notANote('wanted a text, an empty line, and signatures, each line ended')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\x00-\x09\x0b-\x1f]/.test(note)) throw notANote('control characters are not allowed in it')
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > mostSignatures) throw notANote(`wanted at most ${mostSignatures} signatures, got ${lines.length}`)
  return { text: note.slice(0, end + 1), signatures: lines.map(signatureOf) }
}

function signatureOf(line: string): NoteSignature {
  const [dash, name, written, ...more] = line.split(' ')
  const both = written === undefined ? undefined : fromBase64(written)
  const fits = dash === '—' && name !== undefined && isKeyName(name) && more.length === 0
  if (!fits || both === undefined || both.length <= keyIdSize) {
    throw notANote('wanted each signature as a dash, a name, and base64')
  }
  return { name, keyId: both.slice(0, keyIdSize), signature: both.slice(keyIdSize) }
}

function notANote(message: string): AuditError {
  return new AuditError('NOT_A_NOTE', message)
}
