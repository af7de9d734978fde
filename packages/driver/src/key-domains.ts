/** Key domains of a device: what they are missing, and how they are set up. */
import {
  CreateKeyDomain,
  DeleteKeyDomain,
  DeleteKeyEncryptionKey,
  ImportKeyShare,
  QueryKeyDomain,
  shareSize,
} from '@keytether/card'
import { equal, toHex } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { attempt, type Call, call, type Link } from './link.ts'
import { expectOk, type Refusals } from './outcome.ts'
import type { KeyDomainInfo } from './types.ts'

/** More than devices have. */
const maximumDomains = 16

export type DomainAnswer = KeyDomainInfo | 'none'

/** Cards differ in how they say that there is no such domain; whatever is neither a domain nor a lack of its key, says it. */
export function domainCall(index: number): Call<DomainAnswer> {
  const query = attempt(call(QueryKeyDomain, { index }, undefined, { most: 96 }))
  return {
    ...query,
    answer: response => {
      const outcome = query.answer(response)
      if (outcome instanceof Error) return 'none'
      if (outcome.status === 'notSetUp') return { index, shares: 0, outstanding: 0, keyCheckValue: noValue }
      if (outcome.status !== 'ok') return 'none'
      return describedDomain(index, outcome.data)
    },
  }
}

/** The domains after the first. */
export function furtherDomainCalls(): Call<DomainAnswer>[] {
  return Array.from({ length: maximumDomains - 1 }, (_, i) => domainCall(i + 1))
}

/** The domains up to where the device says that there are no more. */
export function existing(domains: readonly DomainAnswer[]): KeyDomainInfo[] {
  const end = domains.indexOf('none')
  return domains.slice(0, end < 0 ? domains.length : end) as KeyDomainInfo[]
}

const noValue = new Uint8Array(8)

interface Answered {
  readonly shares: number
  readonly outstanding: number
  readonly keyCheckValue: Uint8Array
  readonly uid: Uint8Array
}

/** Some cards give a number of shares in domains of groups, which have none. */
export function describedDomain(index: number, { uid, ...domain }: Answered): KeyDomainInfo {
  return { index, ...domain, ...(uid.length > 0 && { uid, shares: 0, outstanding: 0 }) }
}

/** Whether a domain is there, and if so whether it has its key, so that keys can be wrapped and unwrapped under it. */
export function keyDomainState({
  shares,
  outstanding,
  keyCheckValue,
  uid,
}: KeyDomainInfo): 'notSetUp' | 'incomplete' | 'complete' {
  if (outstanding === 0 && !equal(keyCheckValue, noValue)) return 'complete'
  return shares > 0 || uid ? 'incomplete' : 'notSetUp'
}

/** One domain in words, for messages. */
export function domainWords(domain: KeyDomainInfo): string {
  const { index, shares, outstanding, keyCheckValue, uid } = domain
  const state = keyDomainState(domain)
  if (state === 'notSetUp') return `domain ${index} is not set up`
  if (state === 'complete') return `domain ${index} has ${toHex(keyCheckValue).toUpperCase()}`
  if (uid) return `domain ${index}, of a group, has no key yet`
  return `domain ${index} misses ${outstanding} of ${shares} shares`
}

export async function listDomains(link: Link): Promise<KeyDomainInfo[]> {
  const [first] = await link.run([domainCall(0)])
  return first === 'none' ? [] : existing([first, ...(await link.run(furtherDomainCalls()))])
}

export const domainRefusals: Refusals = {
  notSupported: ['NO_KEY_DOMAIN', 'the device was initialised without key domains, and gets them only by initialising'],
  noSuchDomain: ['NO_KEY_DOMAIN', 'the device has no domain of this number'],
  notSetUp: ['NO_KEY_DOMAIN', 'the domain is not set up; create it first'],
  exists: ['NOT_ALLOWED', 'the domain is set up already; delete it first if it is to be another'],
  complete: ['NOT_ALLOWED', 'the domain has all of its shares'],
  notEmpty: ['NOT_ALLOWED', 'there are keys in the domain; delete them first'],
  wrongData: ['NOT_SUPPORTED', 'the card refuses this number of shares'],
}

/**
 * The key domains of a device. All throw `NO_KEY_DOMAIN` as `DriverError` where the device has none of this number, and where it
 * is not set up; what changes something but a share needs log-in.
 */
export class KeyDomains {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  /** All domains, set up or not; none on a device without. Needs no PIN. */
  list(): Promise<KeyDomainInfo[]> {
    return this.#link.alone(listDomains)
  }

  /**
   * Adds a share of 32 bytes to the domain's key, which needs no PIN. Shares come in any order, each once: the card cannot tell
   * that one came twice, and the key is then another one.
   *
   * @throws DriverError `NOT_ALLOWED` if none is missing
   */
  async importShare(index: number, share: Uint8Array): Promise<KeyDomainInfo> {
    if (share.length !== shareSize) throw new RangeError(`a share has ${shareSize} bytes, got ${share.length}`)
    return this.#link.alone(async link => {
      const [outcome] = await link.run([call(ImportKeyShare, { index }, share)])
      return describedDomain(index, expectOk(outcome, `import a share into domain ${index}`, domainRefusals))
    })
  }

  /** Sets up a domain whose key is made of so many shares. */
  async create(index: number, shares: number): Promise<KeyDomainInfo> {
    if (!Number.isInteger(shares) || shares < 1 || shares > 0xff) {
      throw new RangeError(`a domain has 1 to 255 shares, got ${shares}`)
    }
    return this.#link.alone(async link => {
      const [outcome] = await link.run([call(CreateKeyDomain, { index }, { shares })])
      return describedDomain(index, expectOk(outcome, `create domain ${index}`, domainRefusals))
    })
  }

  /**
   * Deletes a domain that holds no keys. What was wrapped under it can be unwrapped only where its shares are imported again.
   *
   * @throws DriverError `NOT_ALLOWED` if there are keys in it
   */
  delete(index: number): Promise<void> {
    const what = `delete domain ${index}`
    return this.#link.alone(async link => {
      // Some cards answer a deletion as if nothing had been there, so it is asked before and after.
      const [before] = await link.run([domainCall(index)])
      if (before !== 'none' && keyDomainState(before) === 'notSetUp')
        expectOk({ status: 'notSetUp' }, what, domainRefusals)
      const [outcome, after] = await link.run([call(DeleteKeyDomain, { index }, undefined), domainCall(index)])
      if (outcome.status !== 'notSetUp') expectOk(outcome, what, domainRefusals)
      if (after !== 'none' && keyDomainState(after) !== 'notSetUp')
        throw new DriverError('MALFORMED', `${what}: it is still there`)
    })
  }

  /** Deletes the key of a domain, whose shares are then missing again; keys in it can be used, but not copied. */
  deleteKey(index: number): Promise<KeyDomainInfo> {
    return this.#link.alone(async link => {
      const [outcome] = await link.run([call(DeleteKeyEncryptionKey, { index }, undefined)])
      return describedDomain(index, expectOk(outcome, `delete the key of domain ${index}`, domainRefusals))
    })
  }
}
