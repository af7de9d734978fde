/**
 * Keys that leave a device and enter another, wrapped under a key domain that both have.
 *
 * What belongs to a key is written before the key itself. So there is no key until it is complete: who is interrupted leaves
 * files that no program looks at, which the next attempt takes for its own, or `deleteKey` deletes.
 */
import { fid, fileId, KeyBlob, UnexpectedStatusError, UnwrapKey, WrapKey, type WrappedKeyFile } from '@keytether/card'
import { DecodeError, decode, equal, toHex } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { deleteCall, type FileContent, readFiles, writeCalls } from './files.ts'
import { keyParametersOf, parametersCall } from './inventory.ts'
import { domainWords, keyDomainState, listDomains } from './key-domains.ts'
import { describeKey } from './key-info.ts'
import { attempt, call, type Link } from './link.ts'
import { expectOk, ofKey, type Refusals } from './outcome.ts'
import { proveKey } from './prove.ts'
import type { KeyInfo, UnwrapOptions, Version } from './types.ts'
import { beside, type FileToWrite, place } from './unwrap-place.ts'

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
