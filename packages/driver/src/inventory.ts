/** Everything on a device, in two round trips as a rule: what there is, then all of it at once. */
import {
  CertificateDescription,
  DataDescription,
  EnumerateObjects,
  type FileKind,
  fid,
  fileId,
  filePrefix,
  SelectFile,
  TokenInfo,
} from '@keytether/card'
import { decode } from '@keytether/codec'
import { type FileContent, FileReads, type FileToRead, finish } from './files.ts'
import { type DomainAnswer, domainCall, existing, furtherDomainCalls } from './key-domains.ts'
import { contentOf, describeKey, type KeyParametersFile, tolerantly } from './key-info.ts'
import { attempt, type Call, call, type Link } from './link.ts'
import { expectOk } from './outcome.ts'
import type { CertificateInfo, DataInfo, Inventory, Version } from './types.ts'

export async function readInventory(link: Link, version: Version): Promise<Inventory> {
  const [list, firstDomain] = await link.run([enumerateCall(), domainCall(0)])
  const fids = expectOk(list, 'list the objects of the card')
  const references = numbersOf(fids, 'key').filter(reference => reference !== 0)
  const certificates = numbersOf(fids, 'certificateDescription', 'certificate')
  const described = numbersOf(fids, 'dataDescription')

  const files: FileToRead[] = [
    { fid: fid.tokenInfo, short: true, object: true },
    ...references.flatMap(number => [description('keyDescription', number), object('keyCertificate', number)]),
    ...certificates.flatMap(number => [description('certificateDescription', number), object('certificate', number)]),
    ...described.map(number => description('dataDescription', number)),
  ]
  const reads = new FileReads(files, version)
  const parameters = references.map(parametersCall)
  const domains = firstDomain === 'none' ? [] : furtherDomainCalls()
  const answers = await link.run([...parameters, ...domains, ...reads.calls(link)] as Call<unknown>[])
  await finish(link, reads)

  const contents = new Map(reads.results().map((content, index) => [files[index]!.fid, content]))
  const content = (kind: FileKind, number: number) => contents.get(fileId(kind, number))!
  const keyParameters = answers.slice(0, references.length) as SelectedKey[]
  return {
    label: tokenLabel(contents.get(fid.tokenInfo)!),
    keys: references.map((reference, index) =>
      describeKey(
        reference,
        keyParametersOf(keyParameters[index]!),
        content('keyDescription', reference),
        content('keyCertificate', reference),
      ),
    ),
    certificates: certificates.flatMap(number =>
      describeCertificate(number, content('certificateDescription', number), content('certificate', number)),
    ),
    data: numbersOf(fids, 'dataDescription', 'publicData', 'privateData').map(number =>
      describeData(number, contents.get(fileId('dataDescription', number)), fids),
    ),
    keyDomains: existing([
      firstDomain,
      ...(answers.slice(references.length, references.length + domains.length) as DomainAnswer[]),
    ]),
  }
}

export function enumerateCall() {
  return call(EnumerateObjects, {}, undefined)
}

/** The numbers of the files of some kinds, each once, in ascending order. */
export function numbersOf(fids: readonly number[], ...kinds: readonly FileKind[]): number[] {
  const prefixes: readonly number[] = kinds.map(kind => filePrefix[kind])
  const numbers = fids.filter(each => prefixes.includes(each >> 8)).map(each => each & 0xff)
  return [...new Set(numbers)].sort((a, b) => a - b)
}

function description(kind: FileKind, number: number): FileToRead {
  return { fid: fileId(kind, number), short: true, object: true }
}

function object(kind: FileKind, number: number): FileToRead {
  return { fid: fileId(kind, number), object: true }
}

/** Parameters of a key hold a list of at most 16 algorithms and little else. */
export function parametersCall(reference: number): Call<SelectedKey> {
  return attempt(call(SelectFile, { p2: 0x00 }, fileId('key', reference), { most: 96 }))
}

type SelectedKey = ReturnType<typeof SelectFile.decodeResponse> | Error

export function keyParametersOf(selected: SelectedKey): KeyParametersFile | Error {
  if (selected instanceof Error) return selected
  return selected.status === 'ok' ? selected.data?.key : undefined
}

function tokenLabel(file: FileContent): string {
  const ignore = () => {}
  const content = contentOf(file, 'token information', ignore)
  const info = content && tolerantly('token information', ignore, () => decode(TokenInfo, content, { lengths: 'any' }))
  return info?.label ?? 'SmartCard-HSM'
}

function describeCertificate(number: number, descriptionFile: FileContent, file: FileContent): CertificateInfo[] {
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
  }
  const certificate = contentOf(file, 'certificate', warn)
  if (certificate === undefined && warnings.length === 0) return []
  const bytes = contentOf(descriptionFile, 'description', warn)
  const read = bytes && tolerantly('description', warn, () => decode(CertificateDescription, bytes, { lengths: 'any' }))
  const id = read?.id ?? Uint8Array.of(number)
  return [
    {
      number,
      id,
      label: read?.label ?? `certificate ${number}`,
      certificate: certificate ?? new Uint8Array(),
      warnings,
    },
  ]
}

function describeData(number: number, file: FileContent | undefined, fids: readonly number[]): DataInfo {
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
  }
  const bytes = file && contentOf(file, 'description', warn)
  const read = bytes && tolerantly('description', warn, () => decode(DataDescription, bytes, { lengths: 'any' }))
  if (bytes === undefined && warnings.length === 0) warn('no description')
  const path = read?.path[0]
  const isPrivate = path === undefined ? fids.includes(fileId('privateData', number)) : path === filePrefix.privateData
  return { number, label: read?.label ?? `data ${number}`, private: isPrivate, warnings }
}
