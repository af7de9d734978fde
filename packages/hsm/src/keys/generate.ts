/** A new key on one card: made, attested by the device and wrapped, in one go that nobody comes between. */
import { randomBytes } from 'node:crypto'
import { Attestation, subjectPublicKeyInfo, WrappedKeyFile } from '@keytether/card'
import { encode } from '@keytether/codec'
import { DriverError, type KeyAttributes, type KeyInfo, type SmartCardHsm } from '@keytether/driver'
import type { DeviceSession } from '../sessions/device-session.ts'
import { domainId, hexId } from '../sessions/held-keys.ts'
import type { KeyInstance } from '../sessions/key-instances.ts'
import { attempt } from './attempt.ts'
import type { KeyRow, VersionRow } from './catalogue.ts'
import { algorithmIds, isExportable } from './key-type.ts'
import type { Leftovers } from './leftovers.ts'

const idSize = 20

export interface GeneratedKey {
  readonly instance: KeyInstance
  readonly publicKey?: Uint8Array
  readonly wrapped?: Uint8Array
  readonly attestation?: Uint8Array
  /** To be disposed of when it is written down that the key is wanted. */
  readonly expected: Disposable
}

/**
 * @param keyDomain of the group; none: the first one of the card
 * @returns why the card does not, if it does not
 */
export async function generate(
  leftovers: Leftovers,
  {
    key,
    version,
    keyDomain,
  }: { readonly key: KeyRow; readonly version: VersionRow; readonly keyDomain: string | null },
  card: SmartCardHsm,
  device: DeviceSession,
): Promise<GeneratedKey | DriverError> {
  const names = JSON.parse(key.algorithms) as string[]
  const index = keyDomain === null ? undefined : await indexOf(card, keyDomain)
  if (keyDomain !== null && index === undefined) {
    return new DriverError('NO_KEY_DOMAIN', `${device.id} does not have the key domain ${keyDomain} of its group`)
  }
  // A new one for each attempt: what is left of another one is never taken for this key.
  const id = new Uint8Array(randomBytes(idSize))
  const attributes = {
    label: version.label,
    id,
    ...(names.length > 0 && { algorithms: algorithmIds(names) }),
    ...(key.use_counter !== null && { useCounter: key.use_counter }),
    ...(index !== undefined && { keyDomain: index }),
  }
  for (const reference of freeReferences(device)) {
    const expected = await leftovers.expect({ device_path: device.id!, reference, card_key_id: hexId(id) })
    const outcome = await abandoned(expected, () => make(card, device, key, { ...attributes, reference }))
    if (!(outcome instanceof DriverError)) return { ...outcome, expected }
    expected[Symbol.dispose]()
    if (outcome.code !== 'REFERENCE_TAKEN') return outcome
  }
  return new DriverError('NO_FREE_REFERENCE', `all 255 key references of ${device.id} are taken`)
}

async function abandoned<T>(expected: Disposable, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    expected[Symbol.dispose]()
    throw error
  }
}

async function make(card: SmartCardHsm, device: DeviceSession, key: KeyRow, attributes: KeyAttributes) {
  const made = await attempt(() => commanded(card, key, attributes))
  if (made instanceof DriverError) return made
  device.noteKey(made)
  const held = device.keys.find(({ info }) => info.reference === made.reference)!
  const file = isExportable(JSON.parse(key.algorithms) as string[])
    ? await attempt(() => card.wrapKey(made.reference))
    : undefined
  const { attestation } = await card.attest([made.reference])
  return {
    instance: { ...held, device },
    ...(made.publicKey && { publicKey: subjectPublicKeyInfo(made.publicKey) }),
    ...(file && !(file instanceof DriverError) && { wrapped: encode(WrappedKeyFile, file) }),
    ...(attestation.keys.length > 0 && { attestation: encode(Attestation, attestation) }),
  }
}

function commanded(card: SmartCardHsm, { kind, parameter }: KeyRow, attributes: KeyAttributes): Promise<KeyInfo> {
  if (kind === 'AES') return card.secretKeys.generate(Number(parameter) as 128 | 192 | 256, attributes)
  if (kind === 'RSA') return card.generateKeyPair({ kind: 'rsa', bits: Number(parameter) }, attributes)
  return card.generateKeyPair({ kind: 'ec', curve: parameter }, attributes)
}

async function indexOf(card: SmartCardHsm, keyDomain: string): Promise<number | undefined> {
  return (await card.keyDomains.list()).find(domain => domainId(domain) === keyDomain)?.index
}

/** Of the device as it is known; the card has the last word. */
function freeReferences(device: DeviceSession): number[] {
  const taken = new Set(device.keys.map(({ info }) => info.reference))
  return Array.from({ length: 255 }, (_, index) => index + 1).filter(reference => !taken.has(reference))
}
