/** What a device says of itself, kept so that nothing is asked of it to show that. */
import { enrolmentCode, UnexpectedStatusError } from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import { DriverError, type Inventory, type KeyDomainInfo, type PinStatus, type SmartCardHsm } from '@keytether/driver'
import { type HeldKey, hexId } from '../sessions/held-keys.ts'

export interface Facts {
  /** When they were found out. */
  readonly at: number
  /** Shows to who claims a device that it is the one that he has. */
  readonly code: string
  /** As `4.1`. */
  readonly version: string
  readonly label: string
  readonly userPin: PinStatus
  readonly soPin: PinStatus
  /** Bytes; devices before 2.4 do not tell. */
  readonly freeMemory?: number
  readonly keys: readonly KeyFacts[]
  readonly keyDomains: readonly KeyDomainFacts[]
}

interface KeyFacts {
  readonly reference: number
  /** PKCS #15 iD, upper-case hexadecimal. */
  readonly id: string
  readonly label: string
  readonly kind: 'EC' | 'RSA' | 'AES'
  readonly bits: number
  readonly usesLeft?: number
  readonly keyDomain?: number
}

interface KeyDomainFacts {
  readonly index: number
  readonly shares: number
  readonly outstanding: number
  /** Upper-case hexadecimal; absent while shares are outstanding, and before it is set up. */
  readonly keyCheckValue?: string
  readonly uid?: string
}

/**
 * Asks a device that somebody has claimed: for its PINs and its memory, and for what is on it.
 *
 * @param known what is on it, if it is open and has just been read
 */
export async function readFacts(card: SmartCardHsm, at: number, known?: Inventory): Promise<Facts> {
  const inventory = known ?? (await card.inventory())
  const [userPin, soPin, status] = await Promise.all([
    known ? ({ status: 'verified' } as const) : card.pinStatus('user'),
    ifSaid(card.pinStatus('so')),
    ifSaid(card.deviceStatus()),
  ])
  const freeMemory = status?.freeMemory
  const { major, minor } = card.version
  return {
    at,
    code: enrolmentCode(card.identity.devicePublicKey),
    version: `${major}.${minor}`,
    label: inventory.label,
    userPin,
    soPin: soPin ?? { status: 'notInitialized' },
    ...(freeMemory !== undefined && { freeMemory }),
    keys: keyFacts(inventory.keys.map(info => ({ id: hexId(info.id), info }))),
    keyDomains: inventory.keyDomains.map(domainFacts),
  }
}

/** By their references. */
export function keyFacts(keys: readonly Pick<HeldKey, 'id' | 'info'>[]): KeyFacts[] {
  return keys
    .map(({ id, info: { reference, label, kind, bits, useCounter, keyDomain } }) => ({
      ...{ reference, id, label, kind, bits },
      ...(useCounter !== undefined && { usesLeft: useCounter }),
      ...(keyDomain !== undefined && { keyDomain }),
    }))
    .toSorted((a, b) => a.reference - b.reference)
}

export function domainFacts({ index, shares, outstanding, keyCheckValue, uid }: KeyDomainInfo): KeyDomainFacts {
  const complete = outstanding === 0 && keyCheckValue.some(byte => byte !== 0)
  return {
    index,
    shares,
    outstanding,
    ...(complete && { keyCheckValue: hexId(keyCheckValue) }),
    ...(uid && { uid: hexId(uid) }),
  }
}

/** Undefined where the card has no such command, or says what no card does. */
export async function ifSaid<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if ([DriverError, UnexpectedStatusError, DecodeError].some(kind => error instanceof kind)) return undefined
    throw error
  }
}
