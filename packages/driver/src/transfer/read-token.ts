/** Everything on a token, keys wrapped, as far as it can be had. */
import { fileId, subjectPublicKeyInfo } from '@keytether/card'
import { isExchangeKey } from '../groups.ts'
import { domainWords, keyDomainState } from '../key-domains.ts'
import type { SmartCardHsm } from '../smart-card-hsm.ts'
import type { DataInfo, Inventory, KeyInfo } from '../types.ts'
import { askForAnswer } from './answer.ts'
import type { StoredCertificate, StoredData, StoredKey, TokenContent } from './content.ts'
import { codeOf, isRefusal } from './refusal.ts'

export interface ReadTokenOptions {
  /** Before each key is wrapped, which takes the card up to seconds. */
  readonly onKey?: (key: KeyInfo, index: number, count: number) => void
  readonly signal?: AbortSignal
}

/**
 * Reads and wraps. A key that cannot be wrapped is there without its blob, and with the reason. Keys of which no public key is
 * known are used once, so that copies can be told by their answer. Exchange keys of groups are not there: each member has its
 * own. After log-in.
 */
export async function readToken(
  card: SmartCardHsm,
  inventory: Inventory,
  { onKey, signal }: ReadTokenOptions = {},
): Promise<TokenContent> {
  const keys: StoredKey[] = []
  const all = inventory.keys.filter(key => !isExchangeKey(key))
  for (const [index, key] of all.entries()) {
    signal?.throwIfAborted()
    onKey?.(key, index, all.length)
    keys.push(await readKey(card, inventory, key))
  }
  return { keys, certificates: await readCertificates(card, inventory), data: await readData(card, inventory) }
}

async function readKey(card: SmartCardHsm, inventory: Inventory, key: KeyInfo): Promise<StoredKey> {
  const { reference, id, label, kind, bits, curve, useCounter } = key
  const wrapped = await wrap(card, inventory, key)
  const [description, certificate, metaData] = await card.files.read([
    fileId('keyDescription', reference),
    fileId('keyCertificate', reference),
    fileId('metaData', reference),
  ])
  const stored = {
    reference,
    id,
    label,
    kind,
    bits,
    ...(curve && { curve }),
    ...(key.publicKey && { publicKey: subjectPublicKeyInfo(key.publicKey) }),
    ...(useCounter !== undefined && { useCounter }),
    ...(description && { description }),
    ...(certificate && { certificate }),
    ...(metaData && { metaData }),
  }
  if (typeof wrapped === 'string') return { ...stored, obstacle: wrapped }
  // A use that is counted is not spent on it.
  const asked = key.publicKey === undefined && useCounter === undefined
  const answer = asked ? await orNothing(askForAnswer(card, key)) : undefined
  return { ...stored, blob: wrapped, ...(answer && { answer }) }
}

/** What a key is may be a guess, where nothing is written beside it: then the card refuses to use it so. */
function orNothing<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch(error => {
    if (!isRefusal(error)) throw error
    return undefined
  })
}

/** The blob, or why there is none. */
async function wrap(card: SmartCardHsm, { keyDomains }: Inventory, key: KeyInfo): Promise<Uint8Array | string> {
  const domain = keyDomains.find(({ index }) => index === (key.keyDomain ?? 0))
  if (domain === undefined) return 'it was made on a token without key domains'
  if (keyDomainState(domain) !== 'complete') return `${domainWords(domain)}: it cannot be wrapped`
  return await card.wrapKey(key.reference).then(
    ({ blob }) => blob,
    error => {
      if (!isRefusal(error)) throw error
      return obstacles[codeOf(error) ?? ''] ?? error.message
    },
  )
}

const obstacles: Readonly<Record<string, string>> = {
  ALGORITHM_NOT_ALLOWED: 'it was made never to leave its token: wrapping is not among its algorithms',
  NO_KEY_DOMAIN: 'it was made on a token without key domains',
  DOMAIN_INCOMPLETE: 'its key domain has no key',
  NOT_ALLOWED: 'the token does not let it out',
}

async function readCertificates(card: SmartCardHsm, { certificates }: Inventory): Promise<StoredCertificate[]> {
  const descriptions = await card.files.read(certificates.map(({ number }) => fileId('certificateDescription', number)))
  return certificates
    .filter(({ certificate }) => certificate.length > 0)
    .map(({ number, label, certificate }) => {
      const description = descriptions[certificates.findIndex(each => each.number === number)]
      return { number, label, ...(description && { description }), content: certificate }
    })
}

async function readData(card: SmartCardHsm, { data }: Inventory): Promise<StoredData[]> {
  const descriptions = await card.files.read(data.map(({ number }) => fileId('dataDescription', number)))
  const stored: StoredData[] = []
  for (const [index, object] of data.entries()) {
    const { number, label, private: isPrivate } = object
    const description = descriptions[index]
    stored.push({
      number,
      label,
      ...(isPrivate && { private: true }),
      ...(description && { description }),
      ...(await contentOf(card, object)),
    })
  }
  return stored
}

async function contentOf(card: SmartCardHsm, object: DataInfo): Promise<Pick<StoredData, 'content' | 'obstacle'>> {
  const content = await orNothing(card.readData(object))
  return content
    ? { content }
    : { obstacle: 'there is a description of it on its token, but nothing that it describes' }
}
