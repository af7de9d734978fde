/** What people do to a card that takes several steps, each with what must hold after it was cut short. */
import assert from 'node:assert/strict'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import {
  AuthenticatedRequest,
  algorithm,
  combineShares,
  fileId,
  keyEncryptionKey,
  materialOfPrivateKey,
  type PublicKey,
  publicKeyObject,
  subjectPublicKeyInfo,
  type WrappedKeyFile,
  wrapKey,
} from '@keytether/card'
import { decode, fromHex, toHex } from '@keytether/codec'
import {
  type DriverError,
  importedKey,
  type KeyInfo,
  planTransfer,
  readTarget,
  readToken,
  type SmartCardHsm,
  type TokenContent,
  transfer,
} from '@keytether/driver'
import { selfSigned } from './x509.ts'

export const pin = Buffer.from('648219')
export const soPin = Buffer.from('57621880')
/** Of the key domain that all cards of the test have. */
export const shares = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

/** The card that is worked on, and one that keeps what is copied from it. */
export interface Cards {
  readonly card: SmartCardHsm
  readonly other: SmartCardHsm
}

export interface Operation {
  /** On a fresh card. */
  prepare(cards: Cards): Promise<void>
  /** What is interrupted: it tells of each step that the card has acknowledged. */
  run(cards: Cards, tell: (step: string) => void): Promise<void>
  /** After the interruption: nothing that was told is undone. */
  check(cards: Cards, told: ReadonlySet<string>): Promise<void>
  /** The same command again, as far as there is still something to do. */
  repeat(cards: Cards): Promise<void>
  /** When all is done. */
  complete(cards: Cards): Promise<void>
}

async function initialized(card: SmartCardHsm): Promise<void> {
  await card.initialize({ soPin, userPin: pin, dkekShares: shares.length })
  for (const share of shares) await card.keyDomains.importShare(0, share)
  await card.verifyPin(pin)
}

async function makeKeys(card: SmartCardHsm): Promise<void> {
  for (const label of ['one', 'two']) await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label })
  await card.generateKeyPair({ kind: 'rsa', bits: 1024 }, { label: 'rsa' })
  await card.secretKeys.generate(128, { label: 'secret', id: Uint8Array.of(0x20) })
}

/** Each key that the card lists does what it can do, and is described in full. */
async function checkKeys(card: SmartCardHsm): Promise<readonly KeyInfo[]> {
  const { keys } = await card.inventory()
  for (const key of keys) {
    assert.deepEqual(key.warnings, [], `key ${key.reference} ${key.label}`)
    await checkKey(card, key)
  }
  return keys
}

async function checkKey(card: SmartCardHsm, key: KeyInfo): Promise<void> {
  const message = randomBytes(32)
  if (key.kind === 'AES') return void assert.equal((await card.secretKeys.cmac(key, message)).length, 16)
  const hash = createHash('sha256').update(message).digest()
  const signature = await card.signHash(key, key.kind === 'EC' ? 'ECDSA' : 'RSA_PKCS1', hash)
  assert.ok(verify('sha256', message, publicKeyObject(key.publicKey!), signature), key.label)
}

const labels = (keys: readonly KeyInfo[]) => keys.map(({ label }) => label).sort()
const all = ['one', 'rsa', 'secret', 'two']

function unless(...codes: DriverError['code'][]): (error: DriverError) => void {
  return error => {
    if (!codes.includes(error.code)) throw error
  }
}

/** A card with keys, made anew. */
const initialize: Operation = {
  async prepare({ card }) {
    await initialized(card)
    await makeKeys(card)
    await card.writeLabel('before')
  },
  async run({ card }, tell) {
    await card.initialize({ soPin, userPin: pin, dkekShares: 2, label: 'after' })
    tell('initialised')
  },
  async check({ card }, told) {
    const keys = await checkKeys(card)
    const { label } = await card.inventory()
    if (told.has('initialised')) assert.deepEqual([keys.length, label], [0, 'after'])
    if (keys.length > 0) assert.deepEqual([labels(keys), label], [all, 'before'], 'all of what was there, or nothing')
  },
  repeat: ({ card }) => initialize.run({ card } as Cards, () => {}),
  async complete({ card }) {
    const { label, keys, keyDomains } = await card.inventory()
    assert.deepEqual([label, keys, keyDomains[0]!.outstanding], ['after', [], 2])
  },
}

/** Shares of a key domain, one after the other. */
const importShares: Operation = {
  async prepare({ card }) {
    await card.initialize({ soPin, userPin: pin, dkekShares: shares.length })
  },
  async run({ card }, tell) {
    const [domain] = await card.keyDomains.list()
    for (let next = shares.length - domain!.outstanding; next < shares.length; next++) {
      await card.keyDomains.importShare(0, shares[next]!)
      tell(`share ${next}`)
    }
  },
  async check({ card }, told) {
    const [domain] = await card.keyDomains.list()
    assert.ok(domain!.outstanding <= shares.length - told.size)
  },
  repeat: cards => importShares.run(cards, () => {}),
  async complete({ card, other }) {
    const [[ours], [theirs]] = [await card.keyDomains.list(), await other.keyDomains.list()]
    assert.deepEqual(ours!.keyCheckValue, theirs!.keyCheckValue)
  },
}

/** The keys of the other card, as files hold them. */
async function wrappedKeys({ other }: Cards): Promise<Map<string, WrappedKeyFile>> {
  const { keys } = await other.inventory()
  const wrapped = new Map<string, WrappedKeyFile>()
  for (const { label, reference } of keys) wrapped.set(label, await other.wrapKey(reference))
  return wrapped
}

const unwrap: Operation = {
  prepare: ({ card }) => initialized(card),
  async run(cards, tell) {
    const there = labels((await cards.card.inventory()).keys)
    for (const [label, wrapped] of await wrappedKeys(cards)) {
      if (there.includes(label)) continue
      await cards.card.unwrapKey(wrapped)
      tell(label)
    }
  },
  async check({ card }, told) {
    const there = labels(await checkKeys(card))
    for (const label of told) assert.ok(there.includes(label), label)
  },
  repeat: cards => unwrap.run(cards, () => {}),
  complete: async ({ card }) => assert.deepEqual(labels(await checkKeys(card)), all),
}

const remove: Operation = {
  async prepare({ card }) {
    await initialized(card)
    await makeKeys(card)
  },
  async run({ card }, tell) {
    for (const reference of [1, 2, 3, 4]) {
      await card.deleteKey(reference)
      tell(String(reference))
    }
  },
  async check({ card }, told) {
    const keys = await checkKeys(card)
    assert.ok(!keys.some(({ reference }) => told.has(String(reference))))
  },
  async repeat({ card }) {
    for (const reference of [1, 2, 3, 4]) await card.deleteKey(reference).catch(unless('KEY_NOT_FOUND'))
  },
  complete: async ({ card }) => assert.deepEqual(await card.files.list(), [0xcc00, 0x2f02]),
}

/** Of a key whose certificate is being replaced, and has just been deleted, the card has the request elsewhere. */
async function publicKeyOf(card: SmartCardHsm, { reference, publicKey }: KeyInfo): Promise<PublicKey> {
  if (publicKey) return publicKey
  const [request] = await card.files.read([fileId('metaData', reference)])
  return decode(AuthenticatedRequest, request!).certificate.value.body.value.publicKey
}

/** Certificates in the place of requests, which are kept. */
const certify: Operation = {
  async prepare({ card }) {
    await initialized(card)
    for (const label of ['one', 'two']) await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label })
  },
  async run({ card }, tell) {
    for (const key of (await card.inventory()).keys) {
      if (key.certificateKind === 'x509' && key.publicKey) continue
      const spki = subjectPublicKeyInfo(await publicKeyOf(card, key))
      const certificate = await selfSigned(key.label, spki, message =>
        card.sign(key.reference, algorithm.ecdsaSha256, message),
      )
      assert.equal(await card.writeCertificate(key.reference, certificate), true)
      tell(key.label)
    }
  },
  async check({ card }, told) {
    const { attestation } = await card.attest()
    for (const label of told)
      assert.ok(
        attestation.keys.some(key => key.told.label === label),
        label,
      )
  },
  repeat: cards => certify.run(cards, () => {}),
  async complete({ card }) {
    const { keys } = await card.inventory()
    assert.deepEqual(
      keys.map(({ certificateKind }) => certificateKind),
      ['x509', 'x509'],
    )
    assert.deepEqual((await card.attest()).notAttested, [])
    await checkKeys(card)
  },
}

async function putOn(card: SmartCardHsm, content: TokenContent, tell: (step: string) => void): Promise<void> {
  const plan = planTransfer(content, await readTarget(card, content))
  const { certificates, data } = await transfer(card, plan, {
    onKey: ({ status, item }) => {
      assert.ok(status === 'copied' || status === 'present', status)
      tell(item.label)
    },
  })
  for (const { status } of [...certificates, ...data]) assert.ok(status === 'copied' || status === 'present', status)
}

const clone: Operation = {
  prepare: ({ card }) => initialized(card),
  async run({ card, other }, tell) {
    const content = await readToken(other, await other.inventory())
    await putOn(card, content, tell)
  },
  check: (cards, told) => unwrap.check(cards, told),
  repeat: cards => clone.run(cards, () => {}),
  async complete({ card, other }) {
    assert.deepEqual(labels(await checkKeys(card)), all)
    const [ours, theirs] = [await card.inventory(), await other.inventory()]
    assert.deepEqual(
      ours.data.map(({ label }) => label),
      theirs.data.map(({ label }) => label),
    )
  },
}

/** What a PKCS #12 file would have. */
interface KeyFile {
  readonly label: string
  readonly pem: string
  /** In hexadecimal. */
  readonly certificate: string
}

async function keyFile(label: string, privateKey: KeyObject): Promise<KeyFile> {
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const certificate = await selfSigned(label, publicKey, async message => sign('sha256', message, privateKey))
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
  return { label, pem, certificate: toHex(certificate) }
}

/** Keys that were made elsewhere, wrapped by the host. */
const importKeys: Operation = {
  prepare: ({ card }) => initialized(card),
  async run({ card, other }, tell) {
    const [stored] = (await other.inventory()).data.filter(({ label }) => label === 'keys')
    const files: KeyFile[] = JSON.parse(Buffer.from(await other.readData(stored!)).toString())
    const kek = keyEncryptionKey(combineShares(shares))
    const keys = files.map(({ label, pem, certificate }) => {
      const privateKey = createPrivateKey(pem)
      const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
      const blob = wrapKey(kek, { material: materialOfPrivateKey(privateKey), algorithms: new Uint8Array() })
      return importedKey({ blob, publicKey, label, certificate: fromHex(certificate) })
    })
    await putOn(card, { keys, certificates: [], data: [] }, tell)
  },
  check: (cards, told) => unwrap.check(cards, told),
  repeat: cards => importKeys.run(cards, () => {}),
  complete: async ({ card }) => assert.deepEqual(labels(await checkKeys(card)), ['ec', 'rsa']),
}

export const operations = {
  initialize,
  importShares,
  importKeys,
  unwrap,
  remove,
  certify,
  clone,
} as const satisfies Record<string, Operation>
export type OperationName = keyof typeof operations

/** The card that the others are compared with and copied from. */
export async function prepareOther(other: SmartCardHsm): Promise<void> {
  await initialized(other)
  await makeKeys(other)
  await other.addData('note', new Uint8Array(3000).fill(7))
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const files = [await keyFile('ec', ec), await keyFile('rsa', rsa)]
  await other.addData('keys', Buffer.from(JSON.stringify(files)))
}
