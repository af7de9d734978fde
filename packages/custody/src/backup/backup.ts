/**
 * A backup of a token: one file with keys as the token wrapped them, and everything beside them.
 *
 * Wrapped keys are encrypted and authenticated under their key domain: without its shares the file opens none of them, and a
 * card takes none that was altered. All else is as readable as it is on the token, but for private data, which is encrypted
 * under a password. The hash at the end is for accidents: it keeps nobody from changing labels or certificates on purpose.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  always,
  bytes,
  concat,
  DecodeError,
  decode,
  encode,
  equal,
  integer,
  mapped,
  oneOf,
  optional,
  sequenceOf,
  struct,
  type TypeOf,
  tlv,
  tlvs,
  u8,
  utf8,
} from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import { sealedData } from './sealed-data.ts'

const entry = 0x30
const text = utf8({ max: 1024 })
const some = bytes({ min: 1 })

const Domain = tlv(
  entry,
  tlvs({
    index: tlv(0x80, u8),
    shares: tlv(0x81, u8),
    outstanding: tlv(0x82, u8),
    /** Zero while shares are outstanding. */
    keyCheckValue: tlv(0x83, bytes(8)),
  }),
)

const Key = tlv(
  entry,
  tlvs({
    reference: optional(tlv(0x80, u8)),
    id: tlv(0x81, bytes({ max: 255 })),
    label: tlv(0x82, text),
    kind: tlv(0x83, oneOf({ EC: 0x01, RSA: 0x02, AES: 0x03 })),
    /** 0 where it is not known. */
    bits: tlv(0x84, integer({ max: 4 })),
    curve: optional(tlv(0x85, text)),
    /** SubjectPublicKeyInfo, DER. */
    publicKey: optional(tlv(0x86, some)),
    /** Uses that were left; a wrapped key does not carry it along. */
    useCounter: optional(tlv(0x87, integer({ max: 6 }))),
    /** The wrapped key, see `KeyBlob`; absent if it cannot be exported. */
    blob: optional(tlv(0x88, some)),
    /** Why the blob is absent, in words. */
    obstacle: optional(tlv(0x89, text)),
    /** Content of the file C4, and of the file CE. */
    description: optional(tlv(0x8a, some)),
    certificate: optional(tlv(0x8b, some)),
    /** What the key answered to an algorithm whose answers depend on nothing else: by it a copy is known. */
    answer: optional(tlv(0xac, tlvs({ algorithm: tlv(0x80, u8), input: tlv(0x81, some), output: tlv(0x82, some) }))),
    /** Content of the file CB. */
    metaData: optional(tlv(0x8d, some)),
  }),
)

/** A certificate that belongs to no key: contents of the files CA and C8. */
const StoredCertificate = tlv(
  entry,
  tlvs({
    number: tlv(0x80, u8),
    label: tlv(0x81, text),
    description: optional(tlv(0x82, some)),
    content: tlv(0x83, bytes()),
  }),
)

const yes = mapped(always(0xff), { write: () => undefined, read: () => true as const })

/** Contents of the files CF, or CD for what is private, and C9. */
const StoredData = tlv(
  entry,
  tlvs({
    number: tlv(0x80, u8),
    label: tlv(0x81, text),
    private: optional(tlv(0x82, yes)),
    description: optional(tlv(0x83, some)),
    /** What is private is never here in the clear. */
    content: optional(tlv(0x84, bytes())),
    sealed: optional(tlv(0xa5, sealedData)),
  }),
)

const content = tlvs({
  /** When it was made: ISO 8601. */
  created: tlv(0x80, text),
  /** Of which device: root, issuer and name. */
  device: tlv(0x81, text),
  /** Of the token. */
  label: tlv(0x82, text),
  keyDomains: tlv(0xa3, sequenceOf(Domain)),
  keys: tlv(0xa4, sequenceOf(Key)),
  certificates: tlv(0xa5, sequenceOf(StoredCertificate)),
  data: tlv(0xa6, sequenceOf(StoredData)),
})

const magic = new TextEncoder().encode('keytether backup')
const version = 1
const hashSize = 32

const Body = struct({ magic: always(...magic), version: always(version), content: tlv(entry, content) })

export type Backup = TypeOf<typeof content>
export type BackupKey = Backup['keys'][number]

export function encodeBackup(backup: Backup): Uint8Array {
  const body = encode(Body, { content: backup })
  return concat(body, hash(body))
}

/** @throws CustodyError `NOT_A_BACKUP`, `NOT_SUPPORTED` a later version, `DAMAGED` */
export function decodeBackup(file: Uint8Array): Backup {
  if (!equal(file.subarray(0, magic.length), magic)) {
    throw new CustodyError('NOT_A_BACKUP', 'the file is no backup of a token')
  }
  if (file[magic.length] !== version) {
    throw new CustodyError(
      'NOT_SUPPORTED',
      `backups of version ${file[magic.length]} are not known here, only ${version}`,
    )
  }
  const body = file.subarray(0, -hashSize)
  if (!equal(hash(body), file.subarray(-hashSize))) {
    throw new CustodyError('DAMAGED', 'the backup is damaged: its hash is not that of its content')
  }
  try {
    return decode(Body, body).content
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new CustodyError('DAMAGED', `the backup is malformed: ${cause.message}`, { cause })
  }
}

function hash(body: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(body).digest())
}
