/** Certificates and data objects: written together with the descriptions that let other software find them. */
import {
  type DeleteFile,
  type FileKind,
  fileId,
  PrivateKeyDescription,
  type PublicKey,
  subjectPublicKeyInfo,
} from '@keytether/card'
import { anyTlv, bytes, DecodeError, decode, encode, equal, struct, tlv } from '@keytether/codec'
import { requestOf } from './attest.ts'
import { describeNewCertificate, describeNewData } from './descriptions.ts'
import { DriverError } from './errors.ts'
import { deleteCall, expectContent, type FileContent, readFiles, writeCalls } from './files.ts'
import { enumerateCall, numbersOf } from './inventory.ts'
import { certificateKindOf, publicKeyIn, tolerantly } from './key-info.ts'
import { attempt, type Link } from './link.ts'
import { expectOk, ofKey } from './outcome.ts'
import type { DataInfo, Version } from './types.ts'

export async function readCertificate(link: Link, version: Version, reference: number): Promise<Uint8Array> {
  const [file] = await readFiles(link, version, [{ fid: fileId('keyCertificate', reference), object: true }])
  return expectContent(file!, `certificate of key ${reference}`)
}

/**
 * Puts an X.509 certificate in the place of what is stored beside a key. For a new key that is the card's own request, which
 * is kept with the key's metadata.
 *
 * @returns whether there is a request on the card afterwards
 * @throws RangeError if it is not an X.509 certificate; DriverError `WRONG_DATA` if it is for another key
 */
export async function writeCertificate(
  link: Link,
  version: Version,
  reference: number,
  certificate: Uint8Array,
): Promise<boolean> {
  const key = x509Key(certificate)
  const what = `write the certificate of key ${reference}`
  const certificateFile = fileId('keyCertificate', reference)
  const descriptionFile = fileId('keyDescription', reference)
  const [before, description, metaData] = await readFiles(link, version, [
    { fid: certificateFile, object: true },
    { fid: descriptionFile, object: true },
    { fid: fileId('metaData', reference), object: true },
  ])
  const known =
    before?.status === 'ok' ? tolerantly('certificate', ignore, () => publicKeyIn(before.content)) : undefined
  if (known && !equal(subjectPublicKeyInfo(known), subjectPublicKeyInfo(key))) {
    throw new DriverError('WRONG_DATA', `${what}: it is for another public key`)
  }
  const kept = await keepRequest(link, reference, key, before!, metaData!)
  await replaceFile(link, certificateFile, certificate, what)
  const described = description?.status === 'ok' ? withSubject(description.content, certificate) : undefined
  if (described) await replaceFile(link, descriptionFile, described, what)
  return kept
}

/** A card that has no place for the request gets its certificate nevertheless. Metadata of other software stays as they are. */
async function keepRequest(
  link: Link,
  reference: number,
  key: PublicKey,
  beside: FileContent,
  metaData: FileContent,
): Promise<boolean> {
  if (requestOf(metaData, key)) return true
  const request = requestOf(beside, key)
  const taken =
    metaData.status !== 'notFound' && !(metaData.status === 'ok' && certificateKindOf(metaData.content) === 'request')
  if (request === undefined || taken) return false
  try {
    await replaceFile(link, fileId('metaData', reference), request, `keep the request of key ${reference}`)
    return true
  } catch (error) {
    if (error instanceof DriverError) return false
    throw error
  }
}

function ignore(): void {}

/** The description of a key with the subject of its certificate, by which other software looks for keys. */
export function withSubject(description: Uint8Array, certificate: Uint8Array): Uint8Array | undefined {
  return tolerantly('description', ignore, () => {
    const { toBeSigned } = decode(X509, certificate)
    const value = decode(PrivateKeyDescription, description, { lengths: 'any' })
    return encode(PrivateKeyDescription, { ...value, subject: encode(anyTlv, toBeSigned.subject) })
  })
}

/** An X.509 certificate as far as its subject. */
const X509 = tlv(
  0x30,
  struct({
    toBeSigned: tlv(
      0x30,
      struct({
        version: tlv(0xa0, bytes()),
        serialNumber: anyTlv,
        algorithm: anyTlv,
        issuer: anyTlv,
        validity: anyTlv,
        subject: anyTlv,
        rest: bytes(),
      }),
    ),
    signature: bytes(),
  }),
)

function x509Key(certificate: Uint8Array): PublicKey {
  try {
    if (certificateKindOf(certificate) === 'x509') return publicKeyIn(certificate)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new RangeError(`wanted an X.509 certificate of a key that a card can have: ${error.message}`)
  }
  throw new RangeError('wanted an X.509 certificate in DER')
}

/**
 * Deletes first: writing alone would leave the end of longer content in place.
 *
 * @throws DriverError `INCOMPLETE` if the old content is gone and the new not there
 */
export async function replaceFile(link: Link, fid: number, content: Uint8Array, what: string): Promise<void> {
  const [deleted, ...written] = await link.run([deleteCall(fid), ...writeCalls(link, fid, content)])
  expectGone(deleted, what)
  try {
    for (const outcome of written) expectOk(outcome, what)
  } catch (cause) {
    if (deleted.status === 'notFound') throw cause
    throw new DriverError('INCOMPLETE', `${what}: the old content is deleted, the new is not written; write it again`, {
      cause,
    })
  }
}

function expectGone(outcome: ReturnType<typeof DeleteFile.decodeResponse>, what: string): void {
  if (outcome.status !== 'notFound') expectOk(outcome, what)
}

/** Deletes a key, then what belongs to it. */
export async function deleteKey(link: Link, reference: number): Promise<void> {
  if (reference < 1 || reference > 0xff) throw new RangeError(`key references go from 1 to 255, got ${reference}`)
  const what = `delete key ${reference}`
  const [key] = await link.run([deleteCall(fileId('key', reference))])
  if (key.status !== 'notFound') expectOk(key, what)
  const rest = await link.run([
    deleteCall(fileId('keyDescription', reference)),
    deleteCall(fileId('keyCertificate', reference)),
    deleteCall(fileId('metaData', reference)),
  ])
  for (const outcome of rest) expectGone(outcome, what)
  if (key.status === 'notFound' && rest.every(({ status }) => status === 'notFound')) expectOk(key, what, ofKey)
}

/** Stores a certificate that belongs to no key of the device, such as an issuer's, and returns its number. */
export async function addCertificate(
  link: Link,
  label: string,
  certificate: Uint8Array,
  id: Uint8Array | undefined,
): Promise<number> {
  const number = await freeNumber(link, ['certificate', 'certificateDescription'])
  const file = fileId('certificate', number)
  const description = describeNewCertificate(number, id ?? Uint8Array.of(number), label)
  await writeBoth(link, file, certificate, fileId('certificateDescription', number), description)
  return number
}

export async function removeCertificate(link: Link, number: number): Promise<void> {
  await removeBoth(link, fileId('certificate', number), fileId('certificateDescription', number))
}

export async function addData(link: Link, label: string, content: Uint8Array, isPrivate: boolean): Promise<DataInfo> {
  const number = await freeNumber(link, ['publicData', 'privateData', 'dataDescription'])
  const file = dataFile({ number, private: isPrivate })
  const description = describeNewData(file, isPrivate, label)
  await writeBoth(link, file, content, fileId('dataDescription', number), description)
  return { number, label, private: isPrivate, warnings: [] }
}

export async function readData(link: Link, version: Version, data: DataInfo): Promise<Uint8Array> {
  const [file] = await readFiles(link, version, [{ fid: dataFile(data) }])
  return expectContent(file!, `data object ${data.label}`)
}

export async function removeData(link: Link, data: DataInfo): Promise<void> {
  await removeBoth(link, dataFile(data), fileId('dataDescription', data.number))
}

function dataFile(data: Pick<DataInfo, 'number' | 'private'>): number {
  return fileId(data.private ? 'privateData' : 'publicData', data.number)
}

async function freeNumber(link: Link, kinds: readonly FileKind[]): Promise<number> {
  const [list] = await link.run([enumerateCall()])
  const fids = expectOk(list, 'list the objects of the card')
  const taken = numbersOf(fids, ...kinds)
  for (let number = 0; number <= 0xff; number++) if (!taken.includes(number)) return number
  throw new DriverError('NO_FREE_REFERENCE', 'all 256 numbers are taken; remove what is not needed')
}

/** Writes two files that were not there: both or, if the card refuses any part of them, neither. */
async function writeBoth(link: Link, file: number, content: Uint8Array, described: number, description: Uint8Array) {
  const outcomes = await link.run([...writeCalls(link, file, content), ...writeCalls(link, described, description)])
  const refused = outcomes.find(({ status }) => status !== 'ok')
  if (refused === undefined) return
  await link.run([attempt(deleteCall(described)), attempt(deleteCall(file))])
  expectOk(refused, 'write to the card')
}

async function removeBoth(link: Link, file: number, described: number): Promise<void> {
  const outcomes = await link.run([deleteCall(described), deleteCall(file)])
  for (const outcome of outcomes) expectGone(outcome, 'remove from the card')
  if (outcomes.every(({ status }) => status === 'notFound')) expectOk(outcomes[1], 'remove from the card')
}
