/**
 * Keys that leave a device and enter another, wrapped under a key domain that both have.
 *
 * What belongs to a key is written before the key itself. So there is no key until it is complete: who is interrupted leaves
 * files that no program looks at, which the next attempt takes for its own, or `deleteKey` deletes.
 */
import {
  fid,
  fileId,
  KeyBlob,
  PrivateKeyDescription,
  UnexpectedStatusError,
  UnwrapKey,
  WrapKey,
  type WrappedKeyFile,
} from '@keytether/card'
import { DecodeError, decode, encode, equal, toHex } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { deleteCall, type FileContent, readFiles, writeCalls } from './files.ts'
import { enumerateCall, keyParametersOf, numbersOf, parametersCall, readInventory } from './inventory.ts'
import { domainWords, keyDomainState, listDomains } from './key-domains.ts'
import { describeKey, publicKeyIn, tolerantly } from './key-info.ts'
import { attempt, call, type Link } from './link.ts'
import { expectOk, ofKey, type Refusals } from './outcome.ts'
import { proveKey } from './prove.ts'
import type { KeyInfo, UnwrapOptions, Version } from './types.ts'

const refusals: Refusals = {
  ...ofKey,
  notSupported: ['NO_KEY_DOMAIN', 'the device was initialised without key domains'],
  algorithmNotAllowed: [
    'ALGORITHM_NOT_ALLOWED',
    'the algorithms allowed for the key do not include WRAP (92): it stays here',
  ],
  wrongData: ['OTHER_DOMAIN', 'the card refuses it: it was wrapped under another domain, or altered'],
}

const what = 'unwrap a key'

/** The key, and the files beside it. */
export async function wrapKey(link: Link, version: Version, reference: number): Promise<WrappedKeyFile> {
  const wrapping = `wrap key ${reference}`
  const [outcome] = await link.run([call(WrapKey, { key: reference }, undefined)])
  if (outcome.status === 'incomplete') await explainIncomplete(link, wrapping, reference)
  const blob = expectOk(outcome, wrapping, refusals)
  try {
    decode(KeyBlob, blob)
  } catch (cause) {
    throw new DriverError('MALFORMED', `${wrapping}: the answer is no wrapped key`, { cause })
  }
  const [description, certificate] = await readFiles(link, version, beside(reference))
  return {
    blob,
    ...fieldOf('description', description!),
    ...fieldOf('certificate', certificate!),
  }
}

function beside(reference: number) {
  const object = true
  return [
    { fid: fileId('keyDescription', reference), object },
    { fid: fileId('keyCertificate', reference), object },
  ]
}

function fieldOf(name: 'description' | 'certificate', file: FileContent) {
  if (file.status === 'failed') throw file.error
  return file.status === 'ok' && file.content.length > 0 ? { [name]: file.content } : {}
}

async function explainIncomplete(link: Link, wrapping: string, reference: number): Promise<never> {
  const [selected] = await link.run([parametersCall(reference)])
  const parameters = keyParametersOf(selected)
  const index = parameters instanceof Error ? undefined : parameters?.keyDomain
  const domain = (await listDomains(link)).find(each => each.index === (index ?? 0))
  const state = domain ? domainWords(domain) : 'its domain has no key yet'
  throw new DriverError('DOMAIN_INCOMPLETE', `${wrapping}: ${state}`)
}

/**
 * Unwraps a key under a free reference, writes what belongs to it, and uses it once to see that it is what it should be.
 *
 * @throws DriverError `OTHER_DOMAIN`, `REFERENCE_TAKEN`, `WRONG_DATA`, `INCOMPLETE`
 */
export async function unwrapKey(
  link: Link,
  version: Version,
  wrapped: WrappedKeyFile,
  options: UnwrapOptions,
): Promise<KeyInfo> {
  await checkDomain(link, wrapped.blob)
  const { reference, files } = await place(link, version, wrapped, options)
  const key = fileId('key', reference)
  await writeFiles(link, files)
  try {
    await unwrapBlob(link, reference, wrapped.blob)
  } catch (error) {
    if (isRefusal(error)) await remove(link, files)
    throw error
  }
  const info = await finished(link, version, reference, files)
  if (!(await isAnother(link, info))) return info
  await link.run([deleteCall(key)])
  await remove(link, files)
  throw new DriverError(
    'WRONG_DATA',
    `${what}: it is not the key of the certificate that came with it; it was deleted again`,
  )
}

/** What the card has refused leaves nothing behind; whether it has is not known if it is out of reach. */
function isRefusal(error: unknown): boolean {
  return error instanceof UnexpectedStatusError || (error instanceof DriverError && error.code !== 'SECURE_CHANNEL')
}

function headerOf(blob: Uint8Array): KeyBlob {
  try {
    return decode(KeyBlob, blob)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new DriverError('WRONG_DATA', `not a wrapped key: ${cause.message}`, { cause })
  }
}

/** A key of another type than that of its certificate cannot even be used so. */
async function isAnother(link: Link, key: KeyInfo): Promise<boolean> {
  try {
    return (await proveKey(link, key)) === 'another'
  } catch (error) {
    if (error instanceof DriverError && ['ALGORITHM_NOT_ALLOWED', 'WRONG_DATA'].includes(error.code)) return true
    throw error
  }
}

/** Before anything is written: whether the card has the domain at all. */
async function checkDomain(link: Link, blob: Uint8Array): Promise<void> {
  const { keyCheckValue } = headerOf(blob)
  const domains = await listDomains(link)
  if (domains.length === 0) expectOk({ status: 'notSupported' }, what, refusals)
  const complete = domains.filter(domain => keyDomainState(domain) === 'complete')
  if (complete.some(domain => equal(domain.keyCheckValue, keyCheckValue))) return
  throw new DriverError(
    'OTHER_DOMAIN',
    `${what}: it was wrapped under the domain ${toHex(keyCheckValue).toUpperCase()}; on this device, ` +
      domains.map(domainWords).join(', '),
  )
}

interface FileToWrite {
  readonly fid: number
  readonly content: Uint8Array
}

interface Place {
  readonly reference: number
  readonly files: readonly FileToWrite[]
}

/** Where the key goes: what is asked for, what an earlier attempt has begun, where it was before, or what is free. */
async function place(link: Link, version: Version, wrapped: WrappedKeyFile, options: UnwrapOptions): Promise<Place> {
  const [list] = await link.run([enumerateCall()])
  const fids = expectOk(list, 'list the objects of the card')
  const keys = numbersOf(fids, 'key')
  const left = numbersOf(fids, 'keyDescription', 'keyCertificate').filter(number => !keys.includes(number))
  const isFree = (reference: number) => reference > 0 && !keys.includes(reference) && !left.includes(reference)
  const { reference: wanted } = options
  if (wanted !== undefined) {
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > 0xff) {
      throw new RangeError(`key references go from 1 to 255, got ${wanted}`)
    }
    const files = filesOf(wanted, wrapped, options)
    if (isFree(wanted) || (left.includes(wanted) && (await begun(link, version, wanted, files)))) {
      return { reference: wanted, files }
    }
    throw new DriverError('REFERENCE_TAKEN', `there is a key, or what is left of one, under reference ${wanted}`)
  }
  await refuseTwice(link, version, wrapped)
  for (const reference of left) {
    const files = filesOf(reference, wrapped, options)
    if (await begun(link, version, reference, files)) return { reference, files }
  }
  const before = describedIn(wrapped)?.keyReference ?? 0
  const all = Array.from({ length: 0xff }, (_, index) => index + 1)
  const reference = isFree(before) ? before : all.find(isFree)
  if (reference === undefined) {
    throw new DriverError('NO_FREE_REFERENCE', 'all 255 key references are taken; delete keys that are not needed')
  }
  return { reference, files: filesOf(reference, wrapped, options) }
}

function describedIn({ description }: WrappedKeyFile): PrivateKeyDescription | undefined {
  return (
    description &&
    tolerantly(
      'description',
      () => {},
      () => decode(PrivateKeyDescription, description, lenient),
    )
  )
}

const lenient = { lengths: 'any' } as const

/** Two keys by one identifier: programs would use one or the other. Of an AES key, its own is all there is to know it by. */
async function refuseTwice(link: Link, version: Version, wrapped: WrappedKeyFile): Promise<void> {
  const { certificate } = wrapped
  const publicKey =
    certificate &&
    tolerantly(
      'certificate',
      () => {},
      () => publicKeyIn(certificate),
    )
  const description = publicKey ? undefined : describedIn(wrapped)
  const isTwin = (key: KeyInfo) =>
    publicKey
      ? key.publicKey !== undefined && equal(distinctOf(key.publicKey), distinctOf(publicKey))
      : description?.kind === 'aes' && key.kind === 'AES' && equal(key.id, description.id)
  const twin = (await readInventory(link, version)).keys.find(isTwin)
  if (twin === undefined) return
  throw new DriverError(
    'REFERENCE_TAKEN',
    `the device has this key already, under reference ${twin.reference} (${twin.label}); name a reference to have it twice`,
  )
}

function distinctOf(key: NonNullable<KeyInfo['publicKey']>): Uint8Array {
  return key.kind === 'ec' ? key.q : key.n
}

/** As they came, unless the key is to be called otherwise. */
function filesOf(reference: number, wrapped: WrappedKeyFile, { label, metaData }: UnwrapOptions): FileToWrite[] {
  const files: FileToWrite[] = []
  const described = label === undefined ? undefined : describedIn(wrapped)
  const description = described
    ? encode(PrivateKeyDescription, { ...described, label, keyReference: reference })
    : wrapped.description
  if (description) files.push({ fid: fileId('keyDescription', reference), content: description })
  if (wrapped.certificate) files.push({ fid: fileId('keyCertificate', reference), content: wrapped.certificate })
  if (metaData) files.push({ fid: fileId('metaData', reference), content: metaData })
  return files
}

/** What is left under a reference without a key is the beginning of these very files. */
async function begun(link: Link, version: Version, reference: number, files: readonly FileToWrite[]): Promise<boolean> {
  const found = await readFiles(
    link,
    version,
    beside(reference).map(({ fid }) => ({ fid })),
  )
  return found.every((file, index) => {
    if (file.status !== 'ok') return file.status === 'notFound'
    const content = files.find(each => each.fid === beside(reference)[index]!.fid)?.content
    return content !== undefined && equal(content.subarray(0, file.content.length), file.content)
  })
}

async function writeFiles(link: Link, files: readonly FileToWrite[]): Promise<void> {
  const outcomes = await link.run(files.flatMap(({ fid, content }) => writeCalls(link, fid, content)))
  const refused = outcomes.find(({ status }) => status !== 'ok')
  if (refused === undefined) return
  await remove(link, files)
  expectOk(refused, 'write what belongs to a key')
}

async function remove(link: Link, files: readonly FileToWrite[]): Promise<void> {
  await link.run(files.map(({ fid }) => attempt(deleteCall(fid))))
}

/** The key alone, after it was seen that the card has its domain. */
export async function unwrap(link: Link, reference: number, blob: Uint8Array): Promise<void> {
  await checkDomain(link, blob)
  await unwrapBlob(link, reference, blob)
}

async function unwrapBlob(link: Link, reference: number, blob: Uint8Array): Promise<void> {
  const long = blob.length > link.maximumData
  const [outcome] = await (long
    ? byScratch(link, reference, blob)
    : link.run([call(UnwrapKey, { key: reference }, blob)]))
  expectOk(outcome, what, refusals)
}

/** Longer than a command to this card: by way of the scratch file. */
async function byScratch(link: Link, reference: number, blob: Uint8Array) {
  const clear = attempt(deleteCall(fid.scratch))
  const [, ...written] = await link.run([clear, ...writeCalls(link, fid.scratch, blob)])
  for (const outcome of written) expectOk(outcome, 'write a wrapped key')
  return link.run([call(UnwrapKey, { key: reference }, new Uint8Array()), clear])
}

/** The key as it is now. Some cards describe it themselves, over what was written before. */
async function finished(
  link: Link,
  version: Version,
  reference: number,
  files: readonly FileToWrite[],
): Promise<KeyInfo> {
  try {
    const found = await readFiles(
      link,
      version,
      files.map(({ fid }) => ({ fid })),
    )
    const altered = files.filter(({ content }, index) => {
      const file = found[index]!
      return !(file.status === 'ok' && equal(file.content, content))
    })
    await remove(link, altered)
    await writeFiles(link, altered)
    const [selected] = await link.run([parametersCall(reference)])
    const [description, certificate] = await readFiles(link, version, beside(reference))
    return describeKey(reference, keyParametersOf(selected), description!, certificate!)
  } catch (cause) {
    throw new DriverError('INCOMPLETE', `key ${reference} was unwrapped, but what belongs to it may not be all there`, {
      cause,
    })
  }
}
