/** Whether a key on the card is the one of the public key beside it: it is used once, and what comes of it is verified. */
import { constants, createECDH, createHash, publicEncrypt, randomBytes, verify } from 'node:crypto'
import { algorithm, curveByName, publicKeyObject } from '@keytether/card'
import { equal } from '@keytether/codec'
import type { Link } from './link.ts'
import type { KeyInfo } from './types.ts'
import { decipher, ecdh, sign, signHash } from './use-key.ts'

/**
 * `proved`, or `another` key than that of the certificate. What cannot be told: `noPublicKey` is known, the key's uses are
 * `counted` and none is spent on this, or `notAllowed` is all that would tell.
 */
export type Proof = 'proved' | 'another' | 'noPublicKey' | 'counted' | 'notAllowed'

/** What a private key is used for. */
export type KeyUse = 'sign' | 'decrypt' | 'agree'

/**
 * One use of the key; after log-in.
 *
 * @param use default: whichever it is allowed
 */
export async function proveKey(link: Link, key: KeyInfo, use?: KeyUse): Promise<Proof> {
  const known = key.publicKey && (key.kind === 'EC' ? key.curve : key.kind === 'RSA')
  if (!known) return 'noPublicKey'
  if (key.useCounter !== undefined) return 'counted'
  const ways = key.kind === 'EC' ? ecWays : rsaWays
  for (const { needs, holds } of ways.filter(way => use === undefined || way.use === use)) {
    const id = needs.find(each => key.algorithms.length === 0 || key.algorithms.includes(each))
    if (id !== undefined) return (await holds(link, key, id)) ? 'proved' : 'another'
  }
  return 'notAllowed'
}

interface Way {
  readonly use: KeyUse
  /** Identifiers of algorithms, any of which will do. */
  readonly needs: readonly number[]
  holds(link: Link, key: KeyInfo, id: number): Promise<boolean>
}

const messageSize = 32
const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const

/** Signatures of messages, which the card hashes itself: each hash has an identifier, one after the other. */
function ofMessages(first: number, options: object = {}): Way {
  return {
    use: 'sign',
    needs: hashes.map((_, index) => first + index),
    async holds(link, key, id) {
      const message = randomBytes(messageSize)
      const signature = await sign(link, key.reference, id, message)
      return verify(hashes[id - first]!, message, { key: publicKeyObject(key.publicKey!), ...options }, signature)
    },
  }
}

function ofHashes(needs: readonly number[], scheme: 'ECDSA' | 'RSA_PKCS1' | 'RSA_PSS', options: object = {}): Way {
  return {
    use: 'sign',
    needs,
    async holds(link, key) {
      const message = randomBytes(messageSize)
      const signature = await signHash(link, key, scheme, createHash('sha256').update(message).digest())
      return verify('sha256', message, { key: publicKeyObject(key.publicKey!), ...options }, signature)
    },
  }
}

/** The card and a key made for this agree on the same secret. */
const agreement: Way = {
  use: 'agree',
  needs: [algorithm.ecdh],
  async holds(link, key) {
    const own = createECDH(curveByName(key.curve!)!.nodeName)
    own.generateKeys()
    const secret = own.computeSecret((key.publicKey as { q: Uint8Array }).q)
    return equal(await ecdh(link, key, own.getPublicKey()), secret)
  },
}

/** What is encrypted with the public key comes back. */
function decryption(needs: number, padding: object): Way {
  return {
    use: 'decrypt',
    needs: [needs],
    async holds(link, key) {
      const message = needs === algorithm.rsaRawDecipher ? blockOf(key) : randomBytes(messageSize)
      const cryptogram = publicEncrypt({ key: publicKeyObject(key.publicKey!), ...padding }, message)
      return equal(trimmed(await decipher(link, key.reference, needs, cryptogram)), trimmed(message))
    },
  }
}

/** A number below the modulus. */
function blockOf({ bits }: KeyInfo): Uint8Array {
  return randomBytes(Math.ceil(bits / 8)).fill(0, 0, 1)
}

/** Cards may leave out zeros at the front. */
function trimmed(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex(byte => byte !== 0)
  return bytes.subarray(first < 0 ? bytes.length : first)
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

const ecWays: readonly Way[] = [ofHashes([algorithm.ecdsa], 'ECDSA'), ofMessages(algorithm.ecdsaSha1), agreement]

const rsaWays: readonly Way[] = [
  ofHashes([algorithm.rsaRaw, algorithm.rsaPkcs1], 'RSA_PKCS1'),
  ofHashes([algorithm.rsaPss], 'RSA_PSS', pss),
  ofMessages(algorithm.rsaPkcs1Sha1),
  ofMessages(algorithm.rsaPssSha1, pss),
  decryption(algorithm.rsaRawDecipher, { padding: constants.RSA_NO_PADDING }),
  decryption(algorithm.rsaPkcs1Decipher, { padding: constants.RSA_PKCS1_PADDING }),
  decryption(algorithm.rsaOaepDecipher, { oaepHash: 'sha256' }),
]
