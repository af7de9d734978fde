import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { fuzz } from '@keytether/test/fuzz'
import { checkpointText, parseCheckpoint } from './checkpoint.ts'
import { AuditError, type AuditErrorCode } from './errors.ts'
import { formatNote, parseNote } from './note.ts'
import { formatNoteKey, type NoteKey, noteKey, parseNoteKey, verifyNote } from './note-key.ts'

/** Of the documentation of golang.org/x/mod/sumdb/note. */
const neumann = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const neumannNote =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

/** The key of the log of Sigstore, and a checkpoint that it has signed. */
const rekor =
  'rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc='
const rekorNote =
  'Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n' +
  '— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n'

const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const origin = 'keytether.example/lab'
const text = checkpointText({ origin, size: 20_852_163, root: fromHex('ab'.repeat(32)) })

function signed(key: NoteKey, privateKey: KeyObject, over = text) {
  const digest = key.algorithm === 'ECDSA' ? 'sha256' : null
  return { name: key.name, keyId: key.id, signature: new Uint8Array(sign(digest, Buffer.from(over), privateKey)) }
}

function says(code: AuditErrorCode) {
  return (error: unknown) => error instanceof AuditError && error.code === code
}

test('a note that others signed', () => {
  const note = parseNote(neumannNote)
  const key = parseNoteKey(neumann)
  assert.deepEqual(verifyNote(note, [key]), { signedBy: [key], forged: [] })
  assert.deepEqual([formatNote(note), formatNoteKey(key)], [neumannNote, neumann])
  assert.deepEqual(verifyNote({ ...note, text: note.text.replace('the', 'an') }, [key]), {
    signedBy: [],
    forged: [key],
  })
})

test('a checkpoint that others signed, with ECDSA', () => {
  const key = parseNoteKey(rekor)
  const { origin, size, note } = parseCheckpoint(rekorNote)
  assert.deepEqual([origin, size, verifyNote(note, [key])], ['Rekor', 798_034, { signedBy: [key], forged: [] }])
  assert.deepEqual([key.algorithm, formatNoteKey(key)], ['ECDSA', rekor])
})

test('keys of both kinds sign one note; keys that are not known say nothing', () => {
  const service = noteKey(origin, ed25519.publicKey)
  const token = noteKey(origin, p256.publicKey)
  const stranger = noteKey(origin, generateKeyPairSync('ed25519').publicKey)
  const signatures = [signed(service, ed25519.privateKey), signed(token, p256.privateKey)]
  const note = parseNote(formatNote({ text, signatures }))
  assert.deepEqual(note, { text, signatures })
  const keys = [service, token, stranger].map(formatNoteKey).map(parseNoteKey)
  assert.deepEqual(
    verifyNote(note, keys).signedBy.map(key => key.algorithm),
    ['Ed25519', 'ECDSA'],
  )
  assert.deepEqual(verifyNote(note, [stranger]), { signedBy: [], forged: [] })
  const swapped = { text, signatures: [{ ...signatures[0]!, signature: signatures[1]!.signature }] }
  assert.deepEqual(verifyNote(swapped, [service, token]), { signedBy: [], forged: [service] })
})

test('what is no note', () => {
  const rows: readonly (readonly [name: string, note: string])[] = [
    ['no signatures', neumannNote.slice(0, neumannNote.indexOf('\n\n') + 2)],
    ['no empty line', neumannNote.replace('\n\n', '\n')],
    ['no end', neumannNote.slice(0, -1)],
    ['another dash', neumannNote.replace('—', '-')],
    ['no name', neumannNote.replace('PeterNeumann', '')],
    ['a name with a plus', neumannNote.replace('PeterNeumann', 'Peter+Neumann')],
    ['a name with a space', neumannNote.replace('PeterNeumann', 'Peter\u00a0Neumann')],
    ['base64 without its end', neumannNote.replace('=', '')],
    ['base64 that is not the only one', neumannNote.replace('nAM=', 'nAN=')],
    ['a key id alone', neumannNote.replace(/x08go.*/, 'x08gow==')],
    ['a control character', neumannNote.replace('think', 'th\tink')],
    ['signatures without number', neumannNote + neumannNote.slice(neumannNote.indexOf('—')).repeat(100)],
  ]
  for (const [name, note] of rows) assert.throws(() => parseNote(note), says('NOT_A_NOTE'), name)
})

test('what is no key of notes', () => {
  const rows: readonly (readonly [name: string, key: string])[] = [
    ['another id', neumann.replace('c74f20a3', 'c74f20a4')],
    ['another name', neumann.replace('Peter', 'Petra')],
    ['another type', neumann.replace('ARpc', 'BBpc')],
    ['a short key', neumann.slice(0, -4)],
    ['no key', 'PeterNeumann'],
    ['an ECDSA key as Ed25519', rekor.replace('+AjBZ', '+ATBZ')],
  ]
  for (const [name, key] of rows) assert.throws(() => parseNoteKey(key), says('NOT_A_KEY'), name)
  for (const other of [generateKeyPairSync('x25519'), generateKeyPairSync('ec', { namedCurve: 'P-384' })]) {
    assert.throws(() => noteKey(origin, other.publicKey), says('NOT_A_KEY'))
  }
  assert.throws(() => noteKey('a b', createPublicKey(ed25519.privateKey)), says('NOT_A_KEY'))
})

test('a checkpoint is three lines and signatures', () => {
  const service = noteKey(origin, ed25519.publicKey)
  const note = formatNote({ text, signatures: [signed(service, ed25519.privateKey)] })
  const { size, root, ...read } = parseCheckpoint(note)
  assert.deepEqual([read.origin, size, root, read.note.text], [origin, 20_852_163, fromHex('ab'.repeat(32)), text])
  const rows: readonly (readonly [name: string, note: string])[] = [
    ['no origin', note.replace(origin, '')],
    ['a size with a zero before it', note.replace('20852163', '020852163')],
    ['a size that is none', note.replace('20852163', '-1')],
    ['a short root', note.replace(/q6ur.*=\n/, 'q6ur\n')],
    ['another line', note.replace('\n\n', '\nmore\n\n')],
    ['no root', note.replace(/q6ur.*=\n/, '')],
  ]
  for (const [name, changed] of rows) assert.throws(() => parseCheckpoint(changed), says('NOT_A_CHECKPOINT'), name)
  assert.throws(() => checkpointText({ origin: 'a b', size: 0, root }), RangeError)
})

const decoder = new TextDecoder()
const sample = new TextEncoder().encode(neumannNote)
fuzz('note', bytes => parseNote(decoder.decode(bytes)), [sample], { errors: [AuditError] })
fuzz('checkpoint', bytes => parseCheckpoint(decoder.decode(bytes)), [sample], { errors: [AuditError] })
fuzz('note key', bytes => parseNoteKey(decoder.decode(bytes)), [new TextEncoder().encode(neumann)], {
  errors: [AuditError],
})
