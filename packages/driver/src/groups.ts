/**
 * Key domains of groups: members agree on the key of the domain between them, and no share of it ever leaves a device.
 *
 * Two devices that have agreed have the same key. A third agrees with each of them, and has another key with each: a domain
 * holds the key of its last agreement, under which keys go to that one member.
 */
import {
  AgreeDomainKey,
  algorithm,
  CreateGroupDomain,
  EcdsaSignature,
  type EcPublicKey,
  groupOf,
  type KeyDomainMembership,
  type KeyRegistration,
  membershipMessage,
  plainSignature,
  verifyMembership,
} from '@keytether/card'
import { decode, equal } from '@keytether/codec'
import { registrationOf } from './authentication.ts'
import { DriverError } from './errors.ts'
import { generateKeyPair } from './generate.ts'
import { readInventory } from './inventory.ts'
import { describedDomain, domainCall, domainRefusals, listDomains } from './key-domains.ts'
import { call, type Link } from './link.ts'
import { expectOk, ofKey } from './outcome.ts'
import type { Identity, KeyDomainInfo, KeyInfo, Version } from './types.ts'
import { sign } from './use-key.ts'
import { verifyDeviceChain } from './verify-chain.ts'

/** 256 bits, as the key of a domain; that of the devices' own keys. */
const curve = { kind: 'ec', curve: 'brainpoolP256r1' } as const

/** Groups that the device is in, or vouches for. All but what is said otherwise is after log-in. */
export class Groups {
  readonly #link: Link
  readonly #identity: Identity
  readonly #version: Version

  constructor(link: Link, identity: Identity, version: Version) {
    this.#link = link
    this.#identity = identity
    this.#version = version
  }

  /** Makes the key that founds a group: who may use it decides who is a member. It never leaves the device. */
  createSigner(label: string): Promise<KeyInfo> {
    const attributes = { label, algorithms: [algorithm.ecdsaSha256] }
    return this.#link.alone(link => generateKeyPair(link, this.#version, this.#identity, curve, attributes))
  }

  /**
   * Vouches for another device with a group signer's key.
   *
   * @param member the key that the device's verified certificate names
   * @throws DriverError `NOT_ATTESTED` if the key's request is not there, as for a key from elsewhere; as `sign`
   */
  issueMembership(signer: number, member: EcPublicKey): Promise<KeyDomainMembership> {
    return this.#link.alone(async link => {
      const registration = await registrationOf(link, this.#identity, this.#version, signer)
      const key = ecKeyOf(registration)
      const der = await sign(link, signer, algorithm.ecdsaSha256, membershipMessage(member))
      const signature = plainSignature(decode(EcdsaSignature, der), key.domain!.n.length)
      if (verifyMembership(key, member, signature)) return { ...registration, signature }
      throw new DriverError('MALFORMED', `sign with key ${signer}: the signature does not verify`)
    })
  }

  /**
   * Creates a domain of the group on this device, if the group signer vouches for it.
   *
   * @throws DriverError `NOT_ALLOWED` if the domain is set up, or the membership is another device's; `UNKNOWN_ROOT` and
   *   `NOT_GENUINE` if the card does not believe the group signer's device; `NO_KEY_DOMAIN`
   */
  join(index: number, membership: KeyDomainMembership): Promise<KeyDomainInfo> {
    const what = `create domain ${index}`
    return this.#link.alone(async link => {
      if ((await listDomains(link)).length === 0) expectOk({ status: 'notSupported' }, what, domainRefusals)
      if (!verifyMembership(ecKeyOf(membership), this.#identity.devicePublicKey, membership.signature)) {
        throw new DriverError(
          'NOT_ALLOWED',
          `${what}: the membership is not for this device, or not by its group signer`,
        )
      }
      await verifyDeviceChain(link, [membership.device, membership.issuer])
      const { request, signature } = membership
      const [outcome] = await link.run([call(CreateGroupDomain, { index }, { request, signature })])
      return describedDomain(index, expectOk(outcome, what, refusals))
    })
  }

  /** This device's exchange key in a group's domain, to be given to another member; made if there is none yet. */
  exchangeKey(index: number): Promise<KeyRegistration> {
    return this.#link.alone(async link => {
      await groupDomain(link, index)
      const { keys } = await readInventory(link, this.#version)
      const found = keys.find(key => key.keyDomain === index && isExchangeKey(key))
      const label = `exchange key of domain ${index}`
      const attributes = { label, algorithms: [algorithm.ecdhKeyDomain], keyDomain: index }
      const key = found ?? (await generateKeyPair(link, this.#version, this.#identity, curve, attributes))
      return registrationOf(link, this.#identity, this.#version, key.reference)
    })
  }

  /**
   * Agrees with another member on the key of the domain; the other device has it when it has done the same with this one's
   * exchange key. What the domain had as its key before is gone.
   *
   * @param reference of this device's exchange key
   * @throws DriverError `NOT_ALLOWED` if the peer's key is for another group; `UNKNOWN_ROOT` and `NOT_GENUINE` as `join`
   */
  agree(index: number, peer: KeyRegistration): Promise<KeyDomainInfo> {
    const what = `agree on the key of domain ${index}`
    return this.#link.alone(async link => {
      const { uid } = await groupDomain(link, index)
      const group = groupOf(peer.request.certificate.value.body.value)
      if (group === undefined || !equal(group, uid)) {
        throw new DriverError('NOT_ALLOWED', `${what}: the other key is for another group, or for none`)
      }
      const { keys } = await readInventory(link, this.#version)
      const own = keys.find(key => key.keyDomain === index && key.algorithms.includes(algorithm.ecdhKeyDomain))
      if (own === undefined)
        throw new DriverError('KEY_NOT_FOUND', `${what}: this device has no exchange key in it yet`)
      await verifyDeviceChain(link, [peer.device, peer.issuer])
      const [outcome, after] = await link.run([
        call(AgreeDomainKey, { key: own.reference }, peer.request),
        domainCall(index),
      ])
      expectOk(outcome, what, { ...refusals, ...ofKey })
      if (after === 'none') throw new DriverError('MALFORMED', `${what}: the domain is gone`)
      return after
    })
  }
}

/** Good for nothing but agreeing on the key of a domain: each member has its own. */
export function isExchangeKey({ algorithms: [only, ...more] }: KeyInfo): boolean {
  return only === algorithm.ecdhKeyDomain && more.length === 0
}

const refusals = {
  ...domainRefusals,
  notVerified: ['NOT_ALLOWED', 'the card refuses it: a signature is wrong, or it is of another group'],
  keyNotFound: ['NOT_GENUINE', 'the card does not believe the device that has made the other key'],
  wrongData: ['WRONG_DATA', 'the card refuses the other key'],
} as const

function ecKeyOf({ request }: Pick<KeyRegistration, 'request'>): EcPublicKey {
  const { publicKey } = request.certificate.value.body.value
  if (publicKey.kind === 'ec') return publicKey
  throw new DriverError('WRONG_DATA', 'a group signer has an elliptic curve key, and this is an RSA key')
}

async function groupDomain(link: Link, index: number): Promise<KeyDomainInfo & { readonly uid: Uint8Array }> {
  const [domain] = await link.run([domainCall(index)])
  if (domain !== 'none' && domain.uid) return { ...domain, uid: domain.uid }
  throw new DriverError('NO_KEY_DOMAIN', `domain ${index} is not that of a group`)
}
