/** Tokens copied onto others, over emulators in this process. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  algorithm,
  type Channel,
  ChannelError,
  fileId,
  PrivateKeyDescription,
  subjectPublicKeyInfo,
} from '@keytether/card'
import { decode, toHex } from '@keytether/codec'
import {
  type Inventory,
  type KeyDomainInfo,
  planTransfer,
  readTarget,
  readToken,
  SmartCardHsm,
  type StoredKey,
  type TokenContent,
  type TransferOutcome,
  transfer,
} from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { selfSigned } from '@keytether/test/x509'

const pin = Buffer.from('648219')
const soPin = Buffer.from('57621880')
const share = randomBytes(32)
const p256 = { kind: 'ec', curve: 'secp256r1' } as const

interface Token {
  readonly card: SmartCardHsm
  readonly channel: Channel
}

async function open(channel: Channel): Promise<Token> {
  const card = await SmartCardHsm.open(channel, { roots: [emulatorRoot] })
  return { card, channel }
}

async function newToken(shares: readonly Uint8Array[] = [share]): Promise<Token> {
  return prepared(await Emulator.open({ store: memoryStore() }), shares)
}

async function prepared(channel: Channel, shares: readonly Uint8Array[] = [share]): Promise<Token> {
  const token = await open(channel)
  await token.card.initialize({ soPin, userPin: pin, ...(shares.length > 0 && { dkekShares: shares.length }) })
  for (const each of shares) await token.card.keyDomains.importShare(0, each)
  await token.card.verifyPin(pin)
  return token
}

async function copy(from: TokenContent, to: SmartCardHsm): Promise<TransferOutcome> {
  return transfer(to, planTransfer(from, await readTarget(to, from)))
}

async function read(card: SmartCardHsm): Promise<TokenContent> {
  return readToken(card, await card.inventory())
}

const statuses = ({ keys, certificates, data }: TransferOutcome) =>
  [keys, certificates, data].map(group => group.map(({ status }) => status))

/** Keys of every kind, certificates, and data. */
async function fill(card: SmartCardHsm): Promise<void> {
  for (const curve of ['secp256r1', 'brainpoolP320r1', 'secp521r1']) {
    await card.generateKeyPair({ kind: 'ec', curve }, { label: curve })
  }
  await card.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'rsa' })
  await card.generateKeyPair({ kind: 'ec', curve: 'secp256k1' }, { label: 'same' })
  await card.generateKeyPair({ kind: 'ec', curve: 'secp256k1' }, { label: 'same', reference: 200 })
  await card.generateKeyPair(
    { kind: 'ec', curve: 'secp256r1' },
    { label: 'agrees', algorithms: [algorithm.ecdh, algorithm.wrap] },
  )
  await card.generateKeyPair(
    { kind: 'rsa', bits: 1024 },
    { label: 'decrypts', algorithms: [algorithm.rsaRawDecipher, algorithm.wrap] },
  )
  await card.secretKeys.generate(256, { label: 'aes', algorithms: [algorithm.aesCmac, algorithm.wrap] })
  await card.addCertificate('issuer', Buffer.from('3003020100', 'hex'))
  await card.addData('note', Buffer.from('public'))
  await card.addData('secret', Buffer.from('private'), { private: true })
}

describe('a token copied', () => {
  test('everything, and proven; copied again, nothing', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
    await fill(from)
    const content = await read(from)
    const outcome = await copy(content, to)
    assert.deepEqual(
      outcome.keys.map(each => [each.item.label, each.status, 'proof' in each && each.proof]),
      [
        ['secp256r1', 'copied', 'publicKey'],
        ['brainpoolP320r1', 'copied', 'publicKey'],
        ['secp521r1', 'copied', 'publicKey'],
        ['rsa', 'copied', 'publicKey'],
        ['same', 'copied', 'publicKey'],
        ['agrees', 'copied', 'publicKey'],
        ['decrypts', 'copied', 'publicKey'],
        ['aes', 'copied', 'answer'],
        ['same', 'copied', 'publicKey'],
      ],
    )
    const [before, after] = [await from.inventory(), await to.inventory()]
    assert.deepEqual(described(after), described(before))
    assert.deepEqual(await to.readData(after.data[1]!), new Uint8Array(Buffer.from('private')))
    const again = await copy(content, to)
    assert.deepEqual(statuses(again), [Array(9).fill('present'), ['present'], ['present', 'present']])
  })

  test('a reference that is taken: another one, and the description names it', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
    await from.generateKeyPair(p256, { label: 'web' })
    await to.generateKeyPair(p256, { label: 'mine' })
    const { keys } = await copy(await read(from), to)
    assert.deepEqual(
      keys.map(each => 'to' in each && each.to),
      [2],
    )
    const [description] = await to.files.read([fileId('keyDescription', 2)])
    assert.equal(decode(PrivateKeyDescription, description!).keyReference, 2)
    assert.deepEqual(
      (await copy(await read(from), to)).keys.map(({ status }) => status),
      ['present'],
    )
  })

  test('a certificate that came later is added to the key that is there; other names are told', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
    const key = await from.generateKeyPair(p256, { label: 'web' })
    await copy(await read(from), to)
    const certificate = await selfSigned('web', subjectPublicKeyInfo(key.publicKey!), message =>
      from.sign(key.reference, algorithm.ecdsaSha256, message),
    )
    const content = await read(from)
    const [stored] = content.keys
    const later = { ...content, keys: [{ ...stored!, certificate, label: 'www' }] }
    const plan = planTransfer(later, await readTarget(to, later))
    assert.deepEqual(
      plan.keys.map(({ action }) => action),
      ['complete'],
    )
    const other = { ...content, keys: [{ ...stored!, label: 'www' }] }
    const [step] = planTransfer(other, await readTarget(to, other)).keys
    assert.equal(step?.action === 'present' && step.note, `it is called ${key.label} there`)
  })
})

test('inside a group, without any share', async () => {
  const [signer, a, b] = await Promise.all([1, 2, 3].map(() => groupToken()))
  const { reference } = await signer!.groups.createSigner('group')
  for (const card of [a!, b!]) {
    await card.groups.join(0, await signer!.groups.issueMembership(reference, card.identity.devicePublicKey))
  }
  const [ofA, ofB] = [await a!.groups.exchangeKey(0), await b!.groups.exchangeKey(0)]
  await a!.groups.agree(0, ofB)
  await b!.groups.agree(0, ofA)
  await a!.generateKeyPair(p256, { label: 'web' })
  await a!.secretKeys.generate(128, { label: 'disk' })
  const { keys } = await copy(await read(a!), b!)
  const found = keys.map(each => [each.item.label, each.status, 'proof' in each ? each.proof : undefined])
  // The key that the two agreed with is each device's own.
  assert.deepEqual(found, [
    ['web', 'copied', 'publicKey'],
    ['disk', 'copied', 'answer'],
  ])
})

async function groupToken(): Promise<SmartCardHsm> {
  const { card } = await open(await Emulator.open({ store: memoryStore() }))
  await card.initialize({ soPin, userPin: pin, keyDomains: 1 })
  await card.verifyPin(pin)
  return card
}

describe('told, and not copied', () => {
  const reasons = async (from: SmartCardHsm, to: SmartCardHsm) =>
    (await copy(await read(from), to)).keys.map(each => ('reason' in each ? each.reason : each.status))

  test('another key domain', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken([randomBytes(32)])]
    await from.generateKeyPair(p256, { label: 'web' })
    const [{ keyCheckValue }] = (await from.keyDomains.list()) as [KeyDomainInfo]
    const [reason] = await reasons(from, to)
    assert.match(
      reason!,
      new RegExp(`key check value ${toHex(keyCheckValue).toUpperCase()}, is not on the target, where domain 0 has`),
    )
    assert.deepEqual((await to.inventory()).keys, [])
  })
  test('no key domain, or one without its key', async () => {
    const [{ card: from }, { card: to }] = [await newToken([]), await newToken()]
    await from.generateKeyPair(p256, { label: 'web' })
    assert.match((await reasons(from, to))[0]!, /without key domains/)
    const half = await newToken()
    await half.card.initialize({ soPin, userPin: pin, dkekShares: 2 })
    await half.card.verifyPin(pin)
    await half.card.generateKeyPair(p256, { label: 'web' })
    assert.match((await reasons(half.card, to))[0]!, /domain 0 misses 2 of 2 shares/)
  })
  test('a key that is not to leave its token', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
    await from.generateKeyPair(p256, { label: 'stays', algorithms: [algorithm.ecdsa] })
    await from.generateKeyPair(p256, { label: 'goes' })
    const [stays, goes] = await reasons(from, to)
    assert.match(stays!, /never to leave its token/)
    assert.equal(goes, 'copied')
  })
  test('another key with the same id, and other data with the same label', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
    for (const card of [from, to]) {
      await card.generateKeyPair(p256, { label: 'web', id: Uint8Array.of(7) })
      await card.addData('note', randomBytes(8))
    }
    const outcome = await copy(await read(from), to)
    assert.deepEqual(statuses(outcome), [['notCopied'], [], ['notCopied']])
    const [key] = outcome.keys
    assert.match('reason' in key! ? key.reason : '', /another key with the same id 07: web, reference 1/)
  })
})

test('what makes no sense on a token does not keep the rest from being copied', async () => {
  const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
  for (const label of ['web', 'nameless']) await from.generateKeyPair(p256, { label })
  // Nothing beside the second key, and nothing that this describes.
  const emptied = from.files.write(fileId('keyDescription', 2), new Uint8Array())
  await Promise.all([emptied, from.files.write(fileId('keyCertificate', 2), new Uint8Array())])
  const note = await from.addData('note', Uint8Array.of(1))
  const description = await from.files.read([fileId('dataDescription', note.number)])
  await from.removeData(note)
  await from.files.write(fileId('dataDescription', note.number), description[0]!)
  const outcome = await copy(await read(from), to)
  assert.deepEqual(statuses(outcome), [['copied', 'copied'], [], ['notCopied']])
  const [, nameless] = outcome.keys
  assert.match('note' in nameless! ? nameless.note! : '', /not proven: nothing is known/)
})

describe('refused by the card or by the proof, and nothing is left', () => {
  test('a blob that was altered', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
    await from.generateKeyPair(p256, { label: 'web' })
    const content = await read(from)
    const blob = Uint8Array.from(content.keys[0]!.blob!)
    blob[60]! ^= 1
    const { keys } = await copy({ ...content, keys: [{ ...content.keys[0]!, blob }] }, to)
    assert.match('reason' in keys[0]! ? keys[0].reason : '', /unwrapping failed: .* nothing of it is on the card/)
    assert.deepEqual(await to.files.list(), await (await newToken()).card.files.list())
  })
  test('the blob of another key, and another AES key', async () => {
    const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
    for (const label of ['a', 'b']) await from.generateKeyPair(p256, { label })
    for (const label of ['c', 'd']) await from.secretKeys.generate(128, { label })
    await from.generateKeyPair({ kind: 'rsa', bits: 1024 }, { label: 'e' })
    const { keys, ...rest } = await read(from)
    const [a, b, c, d, e] = keys as [StoredKey, StoredKey, StoredKey, StoredKey, StoredKey]
    const mixed = [{ ...a, blob: b.blob }, b, { ...c, blob: d.blob }, d, { ...e, certificate: a.certificate }]
    const outcome = await copy({ ...rest, keys: mixed }, to)
    assert.deepEqual(
      outcome.keys.map(({ status }) => status),
      ['failed', 'copied', 'failed', 'copied', 'failed'],
    )
    assert.deepEqual(
      (await to.inventory()).keys.map(({ label }) => label),
      ['b', 'd'],
    )
  })
})

test('a token without room: what is needed and what there is are known before', async () => {
  const [{ card: from }, { card: to }] = [await newToken(), await newToken()]
  while ((await to.deviceStatus()).freeMemory > 30_000) await to.addData('large', new Uint8Array(20_000))
  await from.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'web' })
  for (const label of ['a', 'b']) await from.addData(label, new Uint8Array(20_000))
  const content = await read(from)
  const { neededMemory, freeMemory } = planTransfer(content, await readTarget(to, content))
  assert.ok(
    neededMemory > 41_000 && neededMemory < 44_000 && neededMemory > freeMemory,
    `${neededMemory} ${freeMemory}`,
  )
})

test('interrupted at any command, and begun again: everything is there, once', async t => {
  const { card: from } = await newToken()
  for (const label of ['a', 'b']) await from.generateKeyPair(p256, { label })
  await from.secretKeys.generate(128, { label: 'c' })
  await from.addCertificate('issuer', await issuer())
  await from.addData('note', new Uint8Array(3000).fill(7))
  const content = await read(from)
  const expected = described(await from.inventory())
  let cuts = 0
  for (let after = 0; ; after++) {
    const store = memoryStore()
    const emulator = await Emulator.open({ store })
    const { card } = await prepared(emulator)
    // A key of its own under the first reference: all others move.
    await card.generateKeyPair(p256, { label: 'mine' })
    const wire = cutting(emulator)
    const cut = await SmartCardHsm.open(wire.channel, { roots: [emulatorRoot], keepLogIn: true })
    wire.cutAfter(after)
    let whole = true
    try {
      await copy(content, cut)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'CLOSED')
      whole = false
    }
    const again = await SmartCardHsm.open(emulator, { roots: [emulatorRoot], keepLogIn: true })
    const outcome = await copy(content, again)
    assert.ok(
      statuses(outcome)
        .flat()
        .every(status => status === 'copied' || status === 'present'),
      `after ${after}`,
    )
    const { keys, ...rest } = described(await again.inventory())
    assert.deepEqual(keys.map(({ label }) => label).sort(), ['a', 'b', 'c', 'mine'], `after ${after}`)
    assert.deepEqual(rest, { certificates: expected.certificates, data: expected.data }, `after ${after}`)
    const fids = await again.files.list()
    assert.equal(new Set(fids).size, fids.length)
    if (whole) break
    cuts++
  }
  t.diagnostic(`${cuts} places`)
  assert.ok(cuts > 20)
})

async function issuer(): Promise<Uint8Array> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return selfSigned('issuer', publicKey.export({ type: 'spki', format: 'der' }), async message =>
    sign('sha256', message, privateKey),
  )
}

/** A channel that is closed after so many commands. */
function cutting(channel: Channel) {
  let left = Number.POSITIVE_INFINITY
  const cut: Channel = {
    atr: channel.atr,
    async transmit(commands) {
      const answers: Uint8Array[] = []
      for (const command of commands) {
        if (left-- <= 0) throw new ChannelError('CLOSED', 'cut')
        answers.push(...(await channel.transmit([command])))
      }
      return answers
    },
    reset: () => channel.reset(),
    close: async () => {},
  }
  return {
    channel: cut,
    cutAfter(count: number) {
      left = count
    },
  }
}

function described({ keys, certificates, data }: Inventory) {
  return { keys: keys.map(({ useCounter, ...key }) => key), certificates, data }
}
