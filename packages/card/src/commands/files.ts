/**
 * Files: enumerate, read, write, delete. A file is addressed by its identifier in P1-P2, or with 0000 as the current one.
 *
 * @see ISO/IEC 7816-4, READ BINARY and UPDATE BINARY with odd instruction, DELETE FILE
 * @module
 */
import { always, bytes, oneOf, secret, sequenceOf, struct, tlv, tlvs, u16 } from '@keytether/codec'
import { anyOf, command, eitherOf, opaque, withData } from '../command.ts'
import { sw } from '../status.ts'

/** In P1-P2 of READ and UPDATE BINARY: the file that SELECT made current. */
export const currentFile = 0x0000

/** The identifiers of all keys and files, in no particular order. */
export const EnumerateObjects = command({
  name: 'ENUMERATE OBJECTS',
  cla: 0x80,
  ins: 0x58,
  params: struct({ p1: always(0x00), p2: always(0x00) }),
  response: sequenceOf(u16),
  le: 0x10000,
})

const offset = tlv(0x54, u16)

export const ReadBinary = command({
  name: 'READ BINARY',
  ins: 0xb1,
  params: struct({ fid: u16 }),
  data: tlvs({ offset }),
  /** Files may be private. */
  response: secret(opaque),
  status: {
    /** The end of the file came before Le bytes were read; what there is, is in the data. */
    endOfFile: withData(sw.endOfFile),
    securityNotSatisfied: sw.securityNotSatisfied,
    notFound: sw.notFound,
    wrongOffset: sw.wrongOffset,
  },
})

/** Writes at an offset; creates the file if there is none, and extends it, but never shortens it. */
export const UpdateBinary = command({
  name: 'UPDATE BINARY',
  ins: 0xd7,
  params: struct({ fid: u16 }),
  data: tlvs({ offset, data: tlv(0x53, secret(bytes())) }),
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    notFound: sw.notFound,
    notAllowed: sw.conditionsNotSatisfied,
    outOfMemory: sw.outOfMemory,
    wrongOffset: sw.wrongOffset,
    wrongP1P2: sw.wrongP1P2,
  },
})

/** In P1: below the current directory, or whichever file it is; there is one directory. */
export const DeleteFile = command({
  name: 'DELETE FILE',
  ins: 0xe4,
  params: struct({ p1: eitherOf(0x02, 0x00), garbage: oneOf({ collect: 0x00, leave: 0x80 }) }),
  data: u16,
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    notFound: sw.notFound,
    notAllowed: anyOf(sw.conditionsNotSatisfied, sw.notAllowed),
  },
})

/** What the first byte of a file identifier says of its content; the second is the key reference or a number. */
export const filePrefix = {
  key: 0xcc,
  keyDescription: 0xc4,
  keyCertificate: 0xce,
  certificateDescription: 0xc8,
  certificate: 0xca,
  dataDescription: 0xc9,
  publicData: 0xcf,
  privateData: 0xcd,
  metaData: 0xcb,
} as const

export type FileKind = keyof typeof filePrefix

/** The identifier of the file of a kind that belongs to a key reference or number, 0 to 255. */
export function fileId(kind: FileKind, number: number): number {
  return (filePrefix[kind] << 8) | number
}

export const fid = {
  deviceKey: 0xcc00,
  /** The device's certificate and that of its issuer, one after the other. */
  deviceCertificates: 0x2f02,
  tokenInfo: 0x2f03,
  /** Scratch file for command data that exceeds an APDU. */
  scratch: 0x2f10,
} as const
