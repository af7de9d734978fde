/** One version of a key on one member: there, the same as elsewhere, and used for each thing that its kind does. */
import { randomBytes } from 'node:crypto'
import { algorithm } from '@keytether/card'
import { equal } from '@keytether/codec'
import { isRefusal, type KeyInfo, type KeyUse, prove, type SmartCardHsm, type StoredKey } from '@keytether/driver'
import type { Present } from '../placement/keep-copy.ts'
import { otherOf, unlikeOthers } from '../placement/occupant.ts'
import type { Placed } from '../placement/place.ts'
import { instanceOf, type PlacedVersion } from '../placement/versions.ts'
import type { HeldKey } from '../sessions/held-keys.ts'
import { failed, type KeyTest, keyTests, type Outcome, passed, skipped } from './checks.ts'

/** One of those to be tested, with what it is known by. */
export interface TestedKey {
  readonly version: PlacedVersion
  readonly key: StoredKey
  /** Why it is on one member alone, if it is to be. */
  readonly single?: string | undefined
}

export type Tell = (test: KeyTest, outcome: Outcome) => void

const blockSize = 16

/** What can be told of it without a command: what is to be used, or what is on record of it now. */
export function look({ version, single }: TestedKey, { device }: Present, members: readonly Present[], tell: Tell) {
  const instance = instanceOf(version, device.keys)
  if (instance !== undefined) {
    tell('there', passed())
    const unlike = unlikeOthers(version, instance, members)
    if (unlike === undefined) return { instance }
    tell('same', failed(unlike))
    return { placed: different(instance, unlike) }
  }
  const other = otherOf(version, device.keys)
  const namesake = other ?? device.keys.find(({ info }) => info.label === version.label)
  if (namesake !== undefined) {
    const { label, reference } = namesake.info
    const reason = `another key is in its place: ${label}, id ${namesake.id}, reference ${reference}`
    tell('there', passed())
    tell('same', failed(reason))
    return { placed: other ? different(other, reason) : missing }
  }
  tell('there', single === undefined ? failed('it is not there') : skipped(`it is on one device alone: ${single}`))
  return { placed: single === undefined ? missing : undefined }
}

/** @returns what is on record of it from now on */
export async function use(
  card: SmartCardHsm,
  { version, key }: TestedKey,
  { info }: HeldKey,
  tell: Tell,
): Promise<Placed> {
  const outcomes = new Map<KeyTest, Outcome>()
  for (const test of keyTests[version.kind]) {
    if (test === 'there' || (test === 'same' && key.publicKey !== undefined)) continue
    const began = performance.now()
    const outcome = await (test === 'encrypt' ? encrypts(card, info) : proves(card, key, info, test))
    outcomes.set(test, outcome.outcome === 'skipped' ? outcome : { ...outcome, ms: performance.now() - began })
  }
  // A key pair is the same if its certificate says so, and it does what that one's key does.
  const all = [...outcomes.values()]
  const wrong = all.find(({ outcome }) => outcome === 'failed')
  if (key.publicKey !== undefined) tell('same', wrong === undefined ? passed() : failed(wrong.reason!))
  for (const [test, outcome] of outcomes) tell(test, outcome)
  const { reference } = info
  if (wrong !== undefined) return { state: 'different', reference, reason: wrong.reason! }
  const decisive = key.publicKey === undefined ? outcomes.get('same') : all.find(({ outcome }) => outcome === 'passed')
  if (decisive?.outcome === 'passed') return { state: 'verified', reference }
  return { state: 'unverified', reference, reason: `not proven: ${(decisive ?? all[0])?.reason}` }
}

async function proves(card: SmartCardHsm, key: StoredKey, info: KeyInfo, test: KeyTest): Promise<Outcome> {
  try {
    const proving = await prove(card, key, info, key.publicKey === undefined ? undefined : (test as KeyUse))
    if (proving.status === 'proven') return passed()
    if (proving.status === 'unproven') return skipped(whyNotProven(test, info, proving.reason))
    return failed('what it computes is not what the key would: it is another key')
  } catch (error) {
    if (!isRefusal(error)) throw error
    return failed(`the card does not use it: ${error.message}`)
  }
}

function whyNotProven(test: KeyTest, { useCounter }: KeyInfo, reason: string): string {
  return test === 'same' || useCounter !== undefined ? reason : `it is not allowed to ${test}`
}

async function encrypts(card: SmartCardHsm, info: KeyInfo): Promise<Outcome> {
  const needed = [algorithm.aesCbcEncrypt, algorithm.aesCbcDecrypt]
  if (info.useCounter !== undefined) return skipped('its uses are counted, and none is spent on this')
  if (info.algorithms.length > 0 && !needed.every(id => info.algorithms.includes(id))) {
    return skipped('it is not allowed to encrypt and to decrypt')
  }
  const [iv, plaintext] = [new Uint8Array(randomBytes(blockSize)), new Uint8Array(randomBytes(2 * blockSize))]
  try {
    const cryptogram = await card.secretKeys.encryptCbc(info, iv, plaintext)
    const decrypted = await card.secretKeys.decryptCbc(info, iv, cryptogram)
    if (equal(cryptogram, plaintext)) return failed('what it encrypts stays as it is')
    return equal(decrypted, plaintext) ? passed() : failed('what it encrypts is decrypted to something else')
  } catch (error) {
    if (!isRefusal(error)) throw error
    return failed(`the card does not use it: ${error.message}`)
  }
}

const missing: Placed = { state: 'missing', reference: 0, reason: 'it is not there' }

function different({ info }: HeldKey, reason: string): Placed {
  return { state: 'different', reference: info.reference, reason }
}
