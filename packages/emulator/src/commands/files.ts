/** Files: enumerate, read, write, delete. */
import {
  currentFile,
  type DeleteFile,
  type EnumerateObjects,
  fid,
  fileId,
  type ReadBinary,
  type UpdateBinary,
} from '@keytether/card'
import { awaitsKeys, type Card, isLoggedIn } from '../card.ts'
import { contentOf, isPermanent, isPrivate, keyReferenceOf, longestFile, mayExist } from '../file-system.ts'
import { type Handler, ok } from '../handler.ts'
import { freeMemory } from '../state.ts'

export const enumerateObjects: Handler<typeof EnumerateObjects> = ({ state: { keys, files } }) => {
  const inOrder = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b)
  const keyFiles = inOrder(keys.keys()).map(reference => fileId('key', reference))
  return { status: 'ok', data: [fid.deviceKey, fid.deviceCertificates, ...keyFiles, ...inOrder(files.keys())] }
}

/** A file that a command names becomes the current one. */
function meant({ session }: Card, file: number): number | undefined {
  return file === currentFile ? session.currentFile : file
}

export const readBinary: Handler<typeof ReadBinary> = (card, { params, data: { offset }, le = 0 }) => {
  const file = meant(card, params.fid)
  if (file === undefined) return { status: 'notFound' }
  const content = contentOf(card.state, file)
  if (content === undefined) {
    const reference = keyReferenceOf(file)
    const isKey = reference === 0 || (reference !== undefined && card.state.keys.has(reference))
    // Nothing whatever makes a key readable.
    return { status: isKey ? 'securityNotSatisfied' : 'notFound' }
  }
  if (isPrivate(file) && !isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  card.session.currentFile = file
  if (offset > content.length) return { status: 'wrongOffset' }
  const data = content.subarray(offset, offset + le)
  return { status: data.length < le ? 'endOfFile' : 'ok', data }
}

export const updateBinary: Handler<typeof UpdateBinary> = (card, { params, data: { offset, data } }) => {
  const file = meant(card, params.fid)
  if (!mayWrite(card, file)) return { status: 'securityNotSatisfied' }
  if (file === undefined) return { status: 'notFound' }
  if (isPermanent(file) || keyReferenceOf(file) !== undefined) return { status: 'notAllowed' }
  if (!mayExist(file)) return { status: 'wrongP1P2' }
  const before = card.state.files.get(file) ?? new Uint8Array()
  if (offset > before.length) return { status: 'wrongOffset' }
  const end = offset + data.length
  if (end > longestFile) return { status: 'outOfMemory' }
  const content = new Uint8Array(Math.max(before.length, end))
  content.set(before)
  content.set(data, offset)
  const state = { ...card.state, files: new Map(card.state.files).set(file, content) }
  if (freeMemory(state) < 0) return { status: 'outOfMemory' }
  card.state = state
  card.session.currentFile = file
  return ok
}

/** Registering keys needs no log-in, and so does what it may take. */
function mayWrite(card: Card, file: number | undefined): boolean {
  return isLoggedIn(card) || (file === fid.scratch && awaitsKeys(card))
}

export const deleteFile: Handler<typeof DeleteFile> = (card, { data: file }) => {
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (isPermanent(file)) return { status: 'notAllowed' }
  const keys = new Map(card.state.keys)
  const files = new Map(card.state.files)
  const reference = keyReferenceOf(file)
  // What belongs to a key stays: programs delete it by itself.
  const existed = reference === undefined ? files.delete(file) : keys.delete(reference)
  if (!existed) return { status: 'notFound' }
  if (card.session.currentFile === file) card.session.currentFile = undefined
  card.state = { ...card.state, keys, files }
  return ok
}
