/** A card with keys to measure with, and the operations that are measured on whatever channel leads to it. */
import { createCipheriv, createECDH, createHash, generateKeyPairSync, sign } from 'node:crypto'
import { algorithm, type Channel, Decipher, GetChallenge, Sign, UseSecretKey } from '@keytether/card'
import { SmartCardHsm } from '@keytether/driver'
import { emulatorRoot } from '@keytether/emulator'
import { heading, print, rate } from './report.ts'

const userPin = new TextEncoder().encode('648219')
const soPin = new TextEncoder().encode('57621880')

export interface Keys {
  readonly ec: number
  readonly rsa: number
  readonly aes: number
}

/** Initialises the card, logs in, and makes a P-256, an RSA-2048 and an AES-256 key. */
export async function prepare(channel: Channel): Promise<Keys> {
  const card = await SmartCardHsm.open(channel, { roots: [emulatorRoot] })
  await card.initialize({ soPin, userPin, label: 'bench' })
  const ec = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'ec' })
  const rsa = await card.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'rsa' })
  const aes = await card.secretKeys.generate(256, { label: 'aes' })
  return { ec: ec.reference, rsa: rsa.reference, aes: aes.reference }
}

/** The rates that a SmartCard-HSM emulator written in C reaches behind vpcd on a machine of this size. */
const emulatorInC = { apdu: 13_000, sign: 1_700, ecdh: 2_800, rsa: 300 }

/** Prints how many round trips and operations a second the channel makes, beside what Node's OpenSSL makes by itself. */
export async function measure(title: string, channel: Channel, keys: Keys, limits: Limits): Promise<void> {
  heading(title)
  const hash = createHash('sha256').update('bench').digest()
  const peer = createECDH('prime256v1').generateKeys()
  const block = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(256 - 3 - hash.length, 0xff), Buffer.of(0), hash])
  const challenge = GetChallenge.encodeRequest({}, undefined, { le: 8 })
  const ecdsa = Sign.encodeRequest({ key: keys.ec, algorithm: algorithm.ecdsa }, hash)
  const ecdh = Decipher.encodeRequest({ key: keys.ec, algorithm: algorithm.ecdh }, peer)
  const rsa = Sign.encodeRequest({ key: keys.rsa, algorithm: algorithm.rsaRaw }, block)
  const encryption = UseSecretKey.encodeRequest({ key: keys.aes, algorithm: algorithm.aesCbcEncrypt }, aesInput)
  const cmac = UseSecretKey.encodeRequest({ key: keys.aes, algorithm: algorithm.aesCmac }, aesInput)
  const operation = (command: Uint8Array) => async () => {
    const [response] = await channel.transmit([command])
    if (response?.at(-2) !== 0x90) throw new Error(`the card answered ${Buffer.from(response ?? []).toString('hex')}`)
  }
  const each = { unit: '/s' }
  print({
    ...each,
    name: 'APDU round trips',
    value: await rate(operation(challenge)),
    beside: limits.echo,
    aim: emulatorInC.apdu,
  })
  print({
    ...each,
    name: 'ECDSA P-256 of a hash',
    value: await rate(operation(ecdsa)),
    beside: limits.sign,
    aim: emulatorInC.sign,
  })
  print({ ...each, name: 'ECDH P-256', value: await rate(operation(ecdh)), beside: limits.ecdh, aim: emulatorInC.ecdh })
  print({
    ...each,
    name: 'RSA-2048 signature',
    value: await rate(operation(rsa)),
    beside: limits.rsa,
    aim: emulatorInC.rsa,
  })
  print({ ...each, name: 'AES-256-CBC of 1 KB', value: await rate(operation(encryption)), beside: limits.aes })
  print({ ...each, name: 'AES-256-CMAC of 1 KB', value: await rate(operation(cmac)), beside: limits.aes })
}

const aesInput = new Uint8Array(1024)

interface Limit {
  readonly name: string
  readonly value: number
}

export interface Limits {
  readonly sign: Limit
  readonly ecdh: Limit
  readonly rsa: Limit
  readonly aes: Limit
  /** Round trips of a card that only echoes, over the same transport. */
  readonly echo?: Limit | undefined
}

/** What `node:crypto` does in this process, with nothing around it. */
export async function nodeLimits(): Promise<Limits> {
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const own = createECDH('prime256v1')
  own.generateKeys()
  const other = createECDH('prime256v1').generateKeys()
  const message = Buffer.from('bench')
  const key = new Uint8Array(32)
  const encrypt = () => createCipheriv('aes-256-cbc', key, new Uint8Array(16)).update(aesInput)
  return {
    sign: { name: 'node:crypto', value: await rate(() => sign('sha256', message, ec)) },
    ecdh: { name: 'node:crypto', value: await rate(() => own.computeSecret(other)) },
    rsa: { name: 'node:crypto', value: await rate(() => sign('sha256', message, rsa)) },
    aes: { name: 'node:crypto', value: await rate(encrypt) },
  }
}
