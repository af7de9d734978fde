/** What is tested of the devices of a group and of the keys on them. */
import type { Member } from '../groups/members.ts'
import type { PlacedVersion } from '../placement/versions.ts'

/**
 * Of a device: it can be reached, its chip has the key of its certificate, a user is logged in, its random bytes pass for such,
 * it has the key domain of its group.
 */
export const deviceTests = ['connect', 'genuine', 'log-in', 'random', 'key-domain'] as const

/**
 * Of a key on a device: something is there under its name, it is the key and like on the other members, and what its kind
 * does. What is signed, encrypted or agreed on is random, and verified or computed anew beside the card.
 */
export const keyTests = {
  EC: ['there', 'same', 'sign', 'agree'],
  RSA: ['there', 'same', 'sign', 'decrypt'],
  AES: ['there', 'same', 'encrypt'],
} as const

export type DeviceTest = (typeof deviceTests)[number]
export type KeyTest = (typeof keyTests)[keyof typeof keyTests][number]

export interface Outcome {
  /** `skipped`: it cannot be done, which is nothing against the device and the key. */
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** In words, unless it passed. */
  readonly reason?: string
  /** How long the device took to answer; absent: it was not asked. */
  readonly ms?: number
}

interface DeviceCheck extends Outcome {
  readonly member: Member
  readonly test: DeviceTest
}

export interface KeyCheck extends Outcome {
  readonly member: Member
  readonly version: PlacedVersion
  readonly test: KeyTest
}

export type Check = DeviceCheck | KeyCheck

/** How many checks there will be. */
export function countOf(members: readonly Member[], versions: readonly PlacedVersion[]): number {
  const ofKeys = versions.reduce((sum, { kind }) => sum + keyTests[kind].length, 0)
  return members.length * (deviceTests.length + ofKeys)
}

export const passed = (ms?: number): Outcome => ({ outcome: 'passed', ...(ms !== undefined && { ms }) })
export const failed = (reason: string, ms?: number): Outcome => ({
  ...{ outcome: 'failed', reason },
  ...(ms !== undefined && { ms }),
})
export const skipped = (reason: string): Outcome => ({ outcome: 'skipped', reason })
