/** What is to be done so that a token has what another one had: found out before anything is changed. */
import { KeyBlob, subjectPublicKeyInfo } from '@keytether/card'
import { decode, equal, toHex } from '@keytether/codec'
import { domainWords, keyDomainState } from '../key-domains.ts'
import { tolerantly } from '../key-info.ts'
import type { Inventory, KeyInfo } from '../types.ts'
import type { StoredCertificate, StoredData, StoredKey, TokenContent } from './content.ts'
import { describedUnder } from './rewritten.ts'
import { isBegun, type Target } from './target.ts'

/** To be put there, under this number. */
interface Copy<T> {
  readonly action: 'copy'
  readonly item: T
  readonly to: number
}

interface Nothing<T> {
  readonly action: 'none'
  readonly item: T
  readonly reason: string
  /** The key check value of a key domain that the target would need. */
  readonly missingDomain?: Uint8Array
  /** Another key has its id there. */
  readonly otherKey?: KeyInfo
}

/** It is there already; to be completed is a key whose certificate is not. */
interface Presence {
  readonly action: 'present' | 'complete'
  readonly item: StoredKey
  readonly to: number
  /** As it is there. */
  readonly key: KeyInfo
  readonly note?: string
}

export type KeyStep = Copy<StoredKey> | Presence | Nothing<StoredKey>

export type Step<T> = Copy<T> | Nothing<T> | { readonly action: 'present'; readonly item: T; readonly to: number }

export interface TransferPlan {
  readonly keys: readonly KeyStep[]
  readonly certificates: readonly Step<StoredCertificate>[]
  readonly data: readonly Step<StoredData>[]
  /** What is to be copied takes about so many bytes. */
  readonly neededMemory: number
  readonly freeMemory: number
}

export function planTransfer(content: TokenContent, target: Target): TransferPlan {
  const { inventory } = target
  const keys = planKeys(content.keys, target)
  const certificates = planCertificates(content.certificates, inventory)
  const data = planData(content.data, target)
  return {
    keys,
    certificates,
    data,
    neededMemory: needed([...keys, ...certificates, ...data]),
    freeMemory: target.freeMemory,
  }
}

function planKeys(keys: readonly StoredKey[], target: Target): KeyStep[] {
  const { inventory, leftovers } = target
  const taken = new Set([...inventory.keys.map(({ reference }) => reference), ...leftovers.keys()])
  const found = keys.map(key => planKey(key, inventory))
  // Keys keep their references where they can; what cannot takes what nobody else wants.
  const waiting = new Map(leftovers)
  const wanted = new Set<number | undefined>([...taken, ...keys.map(({ reference }) => reference)])
  return found.map((step, index): KeyStep => {
    if (step !== undefined) return step
    const item = keys[index]!
    const own = item.reference !== undefined && !taken.has(item.reference) ? item.reference : undefined
    const to = begunAt(item, waiting) ?? own ?? lowestFree(wanted)
    if (to === undefined) return { action: 'none', item, reason: 'all 255 key references of the target are taken' }
    waiting.delete(to)
    taken.add(to)
    wanted.add(to)
    return { action: 'copy', item, to }
  })
}

/** Where an earlier attempt was interrupted. */
function begunAt(key: StoredKey, leftovers: Target['leftovers']): number | undefined {
  for (const [reference, files] of leftovers) if (isBegun(files, describedUnder(key, reference))) return reference
  return undefined
}

function lowestFree(taken: ReadonlySet<number | undefined>): number | undefined {
  for (let reference = 1; reference <= 0xff; reference++) if (!taken.has(reference)) return reference
  return undefined
}

/** Undefined: it is to be copied. */
function planKey(item: StoredKey, inventory: Inventory): KeyStep | undefined {
  const same = inventory.keys.find(key => isSame(key, item))
  if (same) return presence(item, same)
  if (item.blob === undefined) return { action: 'none', item, reason: item.obstacle ?? 'it is not wrapped' }
  const other = inventory.keys.find(key => equal(key.id, item.id))
  if (other) {
    const reason = `the target has another key with the same id ${toHex(item.id)}: ${other.label}, reference ${other.reference}`
    return { action: 'none', item, reason, otherKey: other }
  }
  const obstacle = domainObstacle(item.blob, inventory)
  return obstacle && { action: 'none', item, ...obstacle }
}

/** Secret keys can only be told by what they are called, until they are used. */
function isSame(key: KeyInfo, item: StoredKey): boolean {
  if (item.publicKey && key.publicKey) return equal(subjectPublicKeyInfo(key.publicKey), item.publicKey)
  return key.kind === item.kind && equal(key.id, item.id) && key.label === item.label
}

function presence(item: StoredKey, key: KeyInfo): Presence {
  const { reference: to, label, certificate, certificateKind, id } = key
  if (item.certificate?.[0] === x509 && certificateKind !== 'x509') return { action: 'complete', item, to, key }
  const notes = [
    ...(label === item.label ? [] : [`it is called ${label} there`]),
    ...(equal(id, item.id) ? [] : [`its id is ${toHex(id)} there`]),
    ...(item.certificate && certificate && !equal(item.certificate, certificate)
      ? ['it has another certificate there, which stays']
      : []),
  ]
  return { action: 'present', item, to, key, ...(notes.length > 0 && { note: notes.join('; ') }) }
}

const x509 = 0x30

/** Undefined: the target has the domain under which the key was wrapped. */
function domainObstacle(
  blob: Uint8Array,
  { keyDomains }: Inventory,
): Omit<Nothing<unknown>, 'action' | 'item'> | undefined {
  const missingDomain = tolerantly(
    'wrapped key',
    () => {},
    () => decode(KeyBlob, blob),
  )?.keyCheckValue
  if (missingDomain === undefined) return { reason: 'it is no wrapped key' }
  const complete = keyDomains.filter(domain => keyDomainState(domain) === 'complete')
  if (complete.some(({ keyCheckValue }) => equal(keyCheckValue, missingDomain))) return undefined
  const own = toHex(missingDomain).toUpperCase()
  const there = keyDomains.length === 0 ? 'there is none' : keyDomains.map(domainWords).join(', ')
  return { reason: `its key domain, with key check value ${own}, is not on the target, where ${there}`, missingDomain }
}

function planCertificates(items: readonly StoredCertificate[], { certificates }: Inventory): Step<StoredCertificate>[] {
  const free = freeNumbers(certificates.map(({ number }) => number))
  return items.map(item => {
    const same = certificates.find(({ certificate }) => equal(certificate, item.content))
    if (same) return { action: 'present', item, to: same.number }
    const begun = certificates.find(known => known.label === item.label && isStartOf(known.certificate, item.content))
    if (begun) return { action: 'copy', item, to: begun.number }
    return numbered(item, free(item.number))
  })
}

function planData(items: readonly StoredData[], { inventory, data }: Target): Step<StoredData>[] {
  const free = freeNumbers(inventory.data.map(({ number }) => number))
  const isThere = (number: number, { content }: StoredData) =>
    content !== undefined && isSameContent(data.get(number), content)
  return items.map(item => {
    const { label, content } = item
    if (content === undefined) return { action: 'none', item, reason: item.obstacle ?? 'its content is not known' }
    const namesakes = inventory.data.filter(known => known.label === label && known.private === (item.private ?? false))
    const same = namesakes.find(({ number }) => isThere(number, item))
    if (same) return { action: 'present', item, to: same.number }
    // Of several with one label, each has its own.
    const [other] = namesakes.filter(({ number }) => !items.some(each => isThere(number, each)))
    if (other === undefined) return numbered(item, free(item.number))
    if (isStartOf(data.get(other.number) ?? new Uint8Array(), content))
      return { action: 'copy', item, to: other.number }
    return { action: 'none', item, reason: `the target has another data object called ${label}` }
  })
}

function isSameContent(there: Uint8Array | undefined, content: Uint8Array): boolean {
  return there !== undefined && equal(there, content)
}

/** What an interruption leaves of content that takes several commands to write. */
function isStartOf(start: Uint8Array, content: Uint8Array): boolean {
  return start.length < content.length && equal(start, content.subarray(0, start.length))
}

function numbered<T>(item: T, to: number | undefined): Step<T> {
  return to === undefined
    ? { action: 'none', item, reason: 'all 256 numbers of the target are taken' }
    : { action: 'copy', item, to }
}

/** Gives out numbers: the one that is wanted where it is free, else the lowest that is. */
function freeNumbers(used: readonly number[]): (wanted: number) => number | undefined {
  const taken = new Set(used)
  return wanted => {
    let number: number | undefined = wanted
    if (taken.has(wanted)) number = Array.from({ length: 256 }, (_, each) => each).find(each => !taken.has(each))
    if (number !== undefined) taken.add(number)
    return number
  }
}

/** Keys take about what they take wrapped; each file has something around it. */
function needed(steps: readonly (KeyStep | Step<StoredCertificate | StoredData>)[]): number {
  const perObject = 64
  return steps
    .filter(({ action }) => action === 'copy')
    .map(({ item }) => {
      const parts = 'kind' in item ? [item.blob, item.description, item.certificate] : [item.content, item.description]
      return parts.reduce((sum, part) => sum + (part?.length ?? 0), perObject)
    })
    .reduce((sum, size) => sum + size, 0)
}
