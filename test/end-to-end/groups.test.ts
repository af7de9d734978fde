/** Groups: devices that share a key domain without any share of its key, and devices that are not in it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AgreeDomainKey,
  AuthenticatedRequest,
  algorithm,
  CreateGroupDomain,
  type DataOf,
  decodeCommand,
  groupOf,
  KeyDomainMembership,
} from '@keytether/card'
import { decode, encode, equal, fromHex, toHex } from '@keytether/codec'
import { type DriverError, type DriverErrorCode, keyDomainState, SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'

const pin = Buffer.from('648219')

interface Member {
  readonly card: SmartCardHsm
  readonly emulator: Emulator
}

async function device(secure = false): Promise<Member> {
  const emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  if (secure) await card.openSecureChannel()
  await card.initialize({ soPin: Buffer.from('57621880'), userPin: pin, keyDomains: 2 })
  await card.verifyPin(pin)
  return { card, emulator }
}

function refuses(promise: Promise<unknown>, code: DriverErrorCode, message: RegExp): Promise<void> {
  return assert.rejects(promise, (error: DriverError) => {
    assert.equal(error.code, code, error.stack)
    assert.match(error.message, message)
    return true
  })
}

/** A group signer on a device of its own, and members of its group. */
async function group(count: number, secure = false) {
  const signer = await device(secure)
  const key = await signer.card.groups.createSigner('group')
  const vouchFor = async (card: SmartCardHsm) => {
    const membership = await signer.card.groups.issueMembership(key.reference, card.identity.devicePublicKey)
    return decode(KeyDomainMembership, encode(KeyDomainMembership, membership))
  }
  const members: Member[] = []
  for (let index = 0; index < count; index++) {
    const member = await device(secure)
    await member.card.groups.join(1, await vouchFor(member.card))
    members.push(member)
  }
  return { signer, key, vouchFor, members }
}

/** Each with the other's exchange key. */
async function agree(a: SmartCardHsm, b: SmartCardHsm) {
  const [ofA, ofB] = [await a.groups.exchangeKey(1), await b.groups.exchangeKey(1)]
  return [await a.groups.agree(1, ofB), await b.groups.agree(1, ofA)] as const
}

test('a device that was initialised without key domains joins no group, and is told why', async () => {
  const { signer, key } = await group(0)
  const card = await SmartCardHsm.open(await Emulator.open({ store: memoryStore() }), { roots: [emulatorRoot] })
  await card.initialize({ soPin: Buffer.from('57621880'), userPin: pin })
  await card.verifyPin(pin)
  // Whatever else is wrong: this is what is to be mended first.
  for (const member of [card, signer.card]) {
    const membership = await signer.card.groups.issueMembership(key.reference, member.identity.devicePublicKey)
    await refuses(card.groups.join(0, membership), 'NO_KEY_DOMAIN', /initialised without key domains/)
  }
})

for (const secure of [false, true]) {
  test(`two devices agree, and a key goes from one to the other, ${secure ? 'protected' : 'in the clear'}`, async () => {
    const { members, key } = await group(2, secure)
    const [a, b] = [members[0]!.card, members[1]!.card]
    const [joined] = (await a.keyDomains.list()).slice(1)
    assert.ok(joined && keyDomainState(joined) === 'incomplete')
    assert.equal(toHex(joined.uid!), toHex((key.publicKey as { q: Uint8Array }).q).slice(2))
    const [ofA, ofB] = await agree(a, b)
    assert.equal(keyDomainState(ofA), 'complete')
    assert.deepEqual(ofB, ofA)

    const made = await a.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'shared', keyDomain: 1 })
    const copied = await b.unwrapKey(await a.wrapKey(made.reference))
    assert.deepEqual({ ...copied, reference: 0 }, { ...made, reference: 0 })
    assert.equal(await b.proveKey(copied), 'proved')
  })
}

test('a third member has another key with each of the others', async () => {
  const { members } = await group(3)
  const [a, b, c] = members.map(({ card }) => card) as [SmartCardHsm, SmartCardHsm, SmartCardHsm]
  const values = new Set<string>()
  for (const [one, other] of [
    [a, b],
    [b, c],
    [a, c],
    [a, b],
  ] as const) {
    const [first, second] = await agree(one, other)
    assert.deepEqual(first.keyCheckValue, second.keyCheckValue)
    values.add(toHex(first.keyCheckValue))
  }
  assert.equal(values.size, 3)
  // One exchange key does for all.
  assert.equal((await a.inventory()).keys.length, 1)
})

test('the domain without its key again; and deleted', async () => {
  const { members } = await group(2)
  const [a, b] = [members[0]!.card, members[1]!.card]
  await agree(a, b)
  const forgotten = await a.keyDomains.deleteKey(1)
  assert.equal(keyDomainState(forgotten), 'incomplete')
  assert.equal((await agree(a, b))[0].keyCheckValue.length, 8)
  await refuses(a.keyDomains.importShare(1, new Uint8Array(32)), 'NOT_ALLOWED', /has all of its shares/)
  await refuses(a.keyDomains.delete(1), 'NOT_ALLOWED', /there are keys in the domain/)
  for (const key of (await a.inventory()).keys) await a.deleteKey(key.reference)
  await a.keyDomains.delete(1)
  assert.equal(keyDomainState((await a.keyDomains.list())[1]!), 'notSetUp')
})

describe('strangers', () => {
  test('a membership of another device', async () => {
    const { vouchFor, members } = await group(1)
    const stranger = await device()
    const membership = await vouchFor(members[0]!.card)
    await refuses(stranger.card.groups.join(1, membership), 'NOT_ALLOWED', /the membership is not for this device/)
    const { status } = await createGroup(stranger, membership)
    assert.equal(status, 'keyNotFound')
    // With the certificates verified, the card itself says why not.
    const other = await group(1)
    await stranger.card.groups.join(0, await other.vouchFor(stranger.card))
    await verifyChain(stranger, membership)
    assert.equal((await createGroup(stranger, membership)).status, 'notVerified')
  })

  test('a member of another group', async () => {
    const [ours, theirs] = [await group(1), await group(1)]
    const [a, b] = [ours.members[0]!, theirs.members[0]!]
    const exchange = await b.card.groups.exchangeKey(1)
    await a.card.groups.exchangeKey(1)
    await refuses(a.card.groups.agree(1, exchange), 'NOT_ALLOWED', /the other key is for another group/)
    await verifyChain(a, exchange)
    assert.equal((await agreeOn(a, 1, exchange.request)).status, 'notVerified')
    assert.equal(keyDomainState((await a.card.keyDomains.list())[1]!), 'incomplete')
  })

  test('a key that is in no device', async () => {
    const { members } = await group(2)
    const [a, b] = [members[0]!, members[1]!]
    const exchange = await b.card.groups.exchangeKey(1)
    await a.card.groups.exchangeKey(1)
    const bytes = encode(AuthenticatedRequest, exchange.request)
    const altered = decode(AuthenticatedRequest, bytes.with(-1, bytes.at(-1)! ^ 1))
    await verifyChain(a, exchange)
    assert.equal((await agreeOn(a, 1, altered)).status, 'notVerified')
  })
})

describe('refused', () => {
  test('by the card', async () => {
    const { vouchFor, members } = await group(2)
    const [a, b] = [members[0]!, members[1]!]
    const membership = await vouchFor(a.card)
    assert.equal((await createGroup(a, membership, 2)).status, 'noSuchDomain')
    assert.equal((await createGroup(a, membership, 1)).status, 'exists')
    await a.card.groups.exchangeKey(1)
    const { request } = await b.card.groups.exchangeKey(1)
    await a.card.generateKeyPair({ kind: 'ec', curve: 'brainpoolP256r1' }, { label: 'other', keyDomain: 1 })
    assert.equal((await agreeOn(a, 1, request)).status, 'keyNotFound')
    assert.equal((await agreeOn(a, 2, request)).status, 'algorithmNotAllowed')
    assert.equal((await agreeOn(a, 3, request)).status, 'notFound')
    assert.equal((await agreeOn(a, 1, undefined)).status, 'wrongData')
    await a.card.logout()
    assert.equal((await agreeOn(a, 1, request)).status, 'securityNotSatisfied')
    assert.equal((await createGroup(a, membership, 0)).status, 'securityNotSatisfied')
  })

  test('a key on another curve', async () => {
    const { members } = await group(2)
    const [a, b] = [members[0]!, members[1]!]
    await a.card.groups.exchangeKey(1)
    const exchange = { label: 'x', keyDomain: 1, algorithms: [algorithm.ecdhKeyDomain] }
    const { reference } = await b.card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, exchange)
    const peer = await b.card.authentication.exportKey(reference)
    await refuses(a.card.groups.agree(1, peer), 'WRONG_DATA', /the card refuses the other key/)
  })

  test('by the driver', async () => {
    const { members, vouchFor } = await group(2)
    const [a, b] = [members[0]!.card, members[1]!.card]
    const peer = await b.groups.exchangeKey(1)
    await refuses(a.groups.agree(1, peer), 'KEY_NOT_FOUND', /this device has no exchange key in it yet/)
    await refuses(a.groups.exchangeKey(0), 'NO_KEY_DOMAIN', /domain 0 is not that of a group/)
    await refuses(a.groups.join(1, await vouchFor(a)), 'NOT_ALLOWED', /the domain is set up already/)
    await refuses(a.groups.issueMembership(1, b.identity.devicePublicKey), 'NOT_ATTESTED', /key 1 cannot/)
    await a.logout()
    await refuses(a.groups.join(0, await vouchFor(a)), 'NOT_LOGGED_IN', /the user PIN/)
  })
})

test('the request of an exchange key says for which group it is; others say nothing', async () => {
  const { members } = await group(1)
  const { card } = members[0]!
  const exchange = await card.groups.exchangeKey(1)
  const uid = (await card.keyDomains.list())[1]!.uid!
  assert.ok(equal(groupOf(exchange.request.certificate.value.body.value)!, uid))
  const { reference } = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'k', keyDomain: 1 })
  const other = await card.authentication.exportKey(reference)
  assert.equal(groupOf(other.request.certificate.value.body.value), undefined)
})

test('a request by way of the scratch file', async () => {
  const { members } = await group(2)
  const [a, b] = [members[0]!, members[1]!]
  const [ofA, ofB] = [await a.card.groups.exchangeKey(1), await b.card.groups.exchangeKey(1)]
  const after = await b.card.groups.agree(1, ofA)
  await verifyChain(a, ofB)
  const bytes = encode(AuthenticatedRequest, ofB.request)
  // Without its outermost tag and length.
  await a.card.files.write(0x2f10, bytes.subarray(4))
  assert.equal((await agreeOn(a, 1, undefined)).status, 'ok')
  assert.deepEqual((await a.card.keyDomains.list())[1], after)
})

test('a membership by way of the scratch file, of a device that is verified, whichever was chosen since', async () => {
  const { vouchFor } = await group(0)
  const stranger = await device()
  const { request, signature, ...rest } = await vouchFor(stranger.card)
  await verifyChain(stranger, rest)
  const { SetVerificationKey } = await import('@keytether/card')
  const { holderReference } = rest.issuer.body.value
  // pypicohsm ends with the issuer.
  await send(stranger, SetVerificationKey.encodeRequest({}, { holderReference }))
  const { data } = decodeCommand(CreateGroupDomain.encodeRequest({ index: 1 }, { request, signature }))
  await stranger.card.files.write(0x2f10, data)
  assert.match(toHex(await send(stranger, fromHex('8052020100'))), /^0000(00){8}.{128}9000$/)
  const [, joined] = await stranger.card.keyDomains.list()
  assert.equal(keyDomainState(joined!), 'incomplete')
})

async function send({ emulator }: Member, command: Uint8Array): Promise<Uint8Array> {
  const [response] = await emulator.transmit([command])
  return response!
}

async function createGroup(member: Member, { request, signature }: KeyDomainMembership, index = 1) {
  const command = CreateGroupDomain.encodeRequest({ index }, { request, signature })
  return CreateGroupDomain.decodeResponse(await send(member, command))
}

async function agreeOn(member: Member, key: number, request: DataOf<typeof AgreeDomainKey>) {
  return AgreeDomainKey.decodeResponse(await send(member, AgreeDomainKey.encodeRequest({ key }, request)))
}

/** The device that has made the other key, as the one to verify with: all emulated devices have one issuer. */
async function verifyChain(member: Member, { device }: Pick<KeyDomainMembership, 'device'>): Promise<void> {
  const { SetVerificationKey, VerifyCertificate } = await import('@keytether/card')
  const { holderReference, authorityReference } = device.body.value
  const choose = (name: string) => SetVerificationKey.encodeRequest({}, { holderReference: name })
  for (const command of [
    choose(authorityReference!),
    VerifyCertificate.encodeRequest({}, device),
    choose(holderReference),
  ]) {
    assert.deepEqual(await send(member, command), fromHex('9000'))
  }
}
