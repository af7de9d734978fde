/** Where a key that is to be unwrapped goes, and which files belong to it there. */
import { fileId, PrivateKeyDescription, type WrappedKeyFile } from '@keytether/card'
import { decode, encode, equal } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { readFiles } from './files.ts'
import { enumerateCall, numbersOf, readInventory } from './inventory.ts'
import { publicKeyIn, tolerantly } from './key-info.ts'
import type { Link } from './link.ts'
import { expectOk } from './outcome.ts'
import type { KeyInfo, UnwrapOptions, Version } from './types.ts'

/** The files beside a key. */
export function beside(reference: number) {
  const object = true
  return [
    { fid: fileId('keyDescription', reference), object },
    { fid: fileId('keyCertificate', reference), object },
  ]
}

export interface FileToWrite {
  readonly fid: number
  readonly content: Uint8Array
}

export interface Place {
  readonly reference: number
  readonly files: readonly FileToWrite[]
}

/** Where the key goes: what is asked for, what an earlier attempt has begun, where it was before, or what is free. */
export async function place(
  link: Link,
  version: Version,
  wrapped: WrappedKeyFile,
  options: UnwrapOptions,
): Promise<Place> {
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
