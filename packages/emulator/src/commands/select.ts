/** SELECT: the application, or a file. */
import { applicationId, type SelectApplication, type SelectFile, type SelectPath, sw } from '@keytether/card'
import { equal } from '@keytether/codec'
import { newSession } from '../card.ts'
import { contentOf, keyReferenceOf } from '../file-system.ts'
import type { Handler } from '../handler.ts'
import { version } from '../version.ts'

/** P2: the parameters are wanted (as FCI or FCP), or nothing is. */
const parametersWanted = [0x00, 0x04]
const nothingWanted = 0x0c

function isKnown(p2: number): boolean {
  return p2 === nothingWanted || parametersWanted.includes(p2)
}

/** ISO/IEC 7816-4, 7.4.10. */
const operational = 0x05
const dedicatedFile = Uint8Array.of(0x78)
const elementaryFile = Uint8Array.of(0x01)

/** Ends log-in and secure messaging, which is how programs log out. */
export const selectApplication: Handler<typeof SelectApplication> = (card, { params: { p2 }, data, le }) => {
  // Programs look for other cards' applications while this one is selected, and it stays so.
  if (!equal(data, applicationId)) return { status: 'notFound' }
  if (!isKnown(p2)) return sw.wrongP1P2
  card.session = newSession(true)
  if (p2 === nothingWanted || le === undefined) return { status: 'ok', data: undefined }
  return {
    status: 'ok',
    data: {
      kind: dedicatedFile,
      fid: 0x3f00,
      name: applicationId,
      version: { options: card.state.access?.options ?? 0, ...version },
      lifeCycle: operational,
    },
  }
}

export const selectFile: Handler<typeof SelectFile> = ({ state, session }, { params: { p2 }, data: fid, le }) => {
  if (!isKnown(p2)) return sw.wrongP1P2
  const content = contentOf(state, fid)
  const reference = keyReferenceOf(fid)
  const key = reference === undefined ? undefined : state.keys.get(reference)
  if (content === undefined && key === undefined && reference !== 0) return { status: 'notFound' }
  session.currentFile = fid
  if (p2 === nothingWanted || le === undefined) return { status: 'ok', data: undefined }
  return {
    status: 'ok',
    data: {
      size: content?.length ?? 0,
      kind: elementaryFile,
      fid,
      lifeCycle: operational,
      ...(key && { key: { useCounter: key.useCounter, algorithms: key.algorithms, keyDomain: key.keyDomain } }),
    },
  }
}

/** There is no tree of files. */
export const selectPath: Handler<typeof SelectPath> = () => ({ status: 'notFound' })
