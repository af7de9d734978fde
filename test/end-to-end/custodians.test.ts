/** n of m: custodians with tokens of their own open another token, through the driver. */
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import {
  algorithm,
  authenticationMessage,
  deviceOptions,
  EcdsaSignature,
  type KeyRegistration,
  keyEncryptionKey,
  privateKeyOfMaterial,
  RegistrationFile,
  unwrapKey,
} from '@keytether/card'
import { concat, decode, encode, fromHex } from '@keytether/codec'
import { type Initialization, type KeyHolder, type KeyInfo, SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'

const userPin = new TextEncoder().encode('648219')
const soPin = new TextEncoder().encode('57621880')

async function token(initialization: Partial<Initialization> = { userPin }) {
  const emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  await card.openSecureChannel()
  assert.deepEqual(await card.initialize({ soPin, ...initialization }), { status: 'verified' })
  return { emulator, card }
}

interface Custodian extends KeyHolder {
  readonly registration: KeyRegistration
}

async function custodian(curve: string): Promise<Custodian & { card: SmartCardHsm; key: KeyInfo }> {
  const { card } = await token()
  await card.verifyPin(userPin)
  const key = await card.generateKeyPair({ kind: 'ec', curve }, { label: 'custodian' })
  const registration = await card.authentication.exportKey(key.reference)
  const size = Math.ceil(key.bits / 8)
  return {
    card,
    key,
    registration,
    holderReference: registration.request.certificate.value.body.value.holderReference,
    async sign(message) {
      const { r, s } = decode(EcdsaSignature, await card.sign(key.reference, algorithm.ecdsaSha256, message))
      return concat(...[r, s].map(value => fromHex(value.toString(16).padStart(2 * size, '0'))))
    },
  }
}

const [alice, bob, carol, dave] = await Promise.all([
  custodian('brainpoolP256r1'),
  custodian('secp384r1'),
  custodian('secp256k1'),
  custodian('secp521r1'),
])
const twoOfThree = { publicKeyAuthentication: { total: 3, required: 2 } }

async function guarded(initialization: Partial<Initialization> = twoOfThree) {
  const { emulator, card } = await token(initialization)
  // Registered from the file that each of them sent.
  for (const { registration } of [alice, bob, carol]) {
    await card.authentication.register(decode(RegistrationFile, encode(RegistrationFile, registration)))
  }
  return { emulator, card }
}

test('registering, and what the card says of it', async () => {
  const { card } = await token(twoOfThree)
  const { authentication } = card
  assert.deepEqual(await authentication.status(), { total: 3, missing: 3, required: 2, authenticated: 0 })
  assert.deepEqual(await authentication.keys(), [])
  const after = await authentication.register(alice.registration)
  assert.deepEqual(after, { total: 3, missing: 2, required: 2, authenticated: 0 })
  await assert.rejects(authentication.register(alice.registration), { code: 'NOT_ALLOWED' })
  await authentication.register(bob.registration)
  const early = { code: 'NOT_ALLOWED', message: /1 of its 3 keys are still to be registered/ }
  await assert.rejects(authentication.authenticateWith(alice), early)
  await assert.rejects(authentication.authenticate(alice.holderReference, new Uint8Array(64)), early)
  await authentication.register(carol.registration)
  await assert.rejects(authentication.register(dave.registration), { code: 'OUT_OF_MEMORY' })
  await assert.rejects(authentication.replace(0, dave.registration), { code: 'NOT_LOGGED_IN' })
  const keys = [alice, bob, carol].map(({ holderReference }, index) => ({
    index,
    holderReference,
    authenticated: false,
  }))
  assert.deepEqual(await authentication.keys(), keys)
  assert.deepEqual(await card.pinStatus(), { status: 'notAuthenticated' })
  assert.deepEqual(await card.verifyPin(userPin), { status: 'notAuthenticated' })
})

test('2 of 3 in any order open the card; 1 does not', async () => {
  const make = (card: SmartCardHsm) => card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'web' })
  for (const [first, second] of [
    [alice, bob],
    [carol, alice],
    [bob, carol],
  ] as const) {
    const { card } = await guarded()
    const { authentication } = card
    assert.deepEqual(await authentication.authenticateWith(first), { status: 'authenticated' })
    await assert.rejects(make(card), { code: 'NOT_LOGGED_IN' })
    assert.deepEqual(await authentication.authenticateWith(first), { status: 'alreadyAuthenticated' })
    assert.deepEqual(await authentication.authenticateWith(second), { status: 'authenticated' })
    const key = await make(card)
    assert.equal((await authentication.status())?.authenticated, 2)
    assert.equal((await authentication.keys()).filter(({ authenticated }) => authenticated).length, 2)
    const hash = createHash('sha256').update('text').digest()
    assert.ok((await card.signHash(key, 'ECDSA', hash)).length > 0)
    await card.logout()
    await assert.rejects(card.signHash(key, 'ECDSA', hash), { code: 'NOT_LOGGED_IN' })
  }
})

test('challenge and answer apart; what is wrong costs the challenge only', async () => {
  const { card } = await guarded()
  const { authentication } = card
  const ask = async ({ holderReference }: KeyHolder) => {
    const asked = await authentication.challenge(holderReference)
    assert.ok(asked.status === 'ok')
    return authenticationMessage(asked.challenge.deviceReference, asked.challenge.challenge)
  }
  const message = await ask(alice)
  const answer = await alice.sign(message)
  assert.deepEqual(await authentication.authenticate(alice.holderReference, await bob.sign(message)), {
    status: 'wrongSignature',
  })
  assert.deepEqual(await authentication.authenticate(alice.holderReference, answer), { status: 'noChallenge' })
  await ask(bob)
  assert.deepEqual(await authentication.authenticate(alice.holderReference, answer), { status: 'wrongSignature' })
  const again = await alice.sign(await ask(alice))
  assert.deepEqual(await authentication.authenticate(alice.holderReference, again), { status: 'authenticated' })
  assert.deepEqual(await authentication.challenge(alice.holderReference), { status: 'alreadyAuthenticated' })
  assert.deepEqual(await authentication.challenge('ZZNOBODY00001'), { status: 'unknownKey' })
  assert.deepEqual(await authentication.authenticate('ZZNOBODY00001', again), { status: 'unknownKey' })
})

test('a key file signs for a key that has left its token under a domain', async () => {
  const share = new Uint8Array(32).fill(7)
  const { card: own } = await token({ userPin, dkekShares: 1 })
  await own.verifyPin(userPin)
  await own.keyDomains.importShare(0, share)
  const key = await own.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'leaves', keyDomain: 0 })
  const registration = await own.authentication.exportKey(key.reference)
  const { blob } = await own.wrapKey(key.reference)
  const unwrapped = unwrapKey(keyEncryptionKey(share), blob)
  assert.ok(unwrapped.ok)
  const pem = privateKeyOfMaterial(unwrapped.material).export({ type: 'pkcs8', format: 'pem' })

  const { card } = await token({ publicKeyAuthentication: { total: 1, required: 1 } })
  await card.authentication.register(registration)
  const outcome = await card.authentication.authenticateWith({
    holderReference: registration.request.certificate.value.body.value.holderReference,
    sign: async message => sign('sha256', message, { key: pem, dsaEncoding: 'ieee-p1363' }),
  })
  assert.deepEqual(outcome, { status: 'authenticated' })
  await card.writeLabel('opened by a file')
})

test('another key under the name of a registered one', async () => {
  const { card } = await guarded()
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
  const stranger = async (message: Uint8Array) =>
    sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const outcome = await card.authentication.authenticateWith({ ...alice, sign: stranger })
  assert.deepEqual(outcome, { status: 'wrongSignature' })
})

test('PIN and keys together', async () => {
  const options = deviceOptions.resetRetryCounter | deviceOptions.combinedAuthentication
  const { card } = await guarded({ ...twoOfThree, userPin, options })
  assert.deepEqual(await card.verifyPin(userPin), { status: 'notAuthenticated' })
  for (const each of [bob, carol]) await card.authentication.authenticateWith(each)
  assert.deepEqual(await card.pinStatus(), { status: 'notVerified', triesLeft: 3 })
  assert.deepEqual(await card.verifyPin(userPin), { status: 'verified' })
  await card.writeLabel('opened by two and a PIN')
})

test('a custodian leaves: with the option for it, his key is replaced by those who remain', async () => {
  const { card } = await guarded({ ...twoOfThree, options: deviceOptions.replaceAuthenticationKey })
  for (const each of [alice, carol]) await card.authentication.authenticateWith(each)
  await card.authentication.replace(1, dave.registration)
  const names = (await card.authentication.keys()).map(({ holderReference }) => holderReference)
  assert.deepEqual(
    names,
    [alice, dave, carol].map(({ holderReference }) => holderReference),
  )
  await assert.rejects(card.authentication.replace(3, bob.registration), { code: 'KEY_NOT_FOUND' })
})

test('not configured', async () => {
  const { card } = await token()
  assert.equal(await card.authentication.status(), undefined)
  assert.deepEqual(await card.authentication.keys(), [])
  await assert.rejects(card.authentication.register(alice.registration), { code: 'NOT_SUPPORTED' })
  assert.deepEqual(await card.authentication.challenge('ZZNOBODY00001'), { status: 'unknownKey' })
})

test('what cannot be registered', async () => {
  const { card } = await token(twoOfThree)
  const mixed = { ...alice.registration, device: bob.registration.device }
  await assert.rejects(card.authentication.register(mixed), { code: 'NOT_ATTESTED' })
  const forged = { ...alice.registration.device, signature: bob.registration.device.signature }
  await assert.rejects(card.authentication.register({ ...alice.registration, device: forged }), { code: 'NOT_GENUINE' })
  const { card: own } = await token()
  await own.verifyPin(userPin)
  const rsa = await own.generateKeyPair({ kind: 'rsa', bits: 1024 }, { label: 'RSA' })
  await assert.rejects(own.authentication.exportKey(rsa.reference), { code: 'NOT_ATTESTED' })
  await assert.rejects(own.authentication.exportKey(99), { code: 'NOT_ATTESTED' })
})

test('initialisations that open nothing are refused before anything is erased', async () => {
  const { card } = await token()
  const keys = (total: number, required: number) => ({ soPin, publicKeyAuthentication: { total, required } })
  for (const wrong of [{ soPin }, keys(0, 0), keys(3, 0), keys(2, 3), keys(91, 1)]) {
    await assert.rejects(card.initialize(wrong), RangeError)
  }
  const options = deviceOptions.combinedAuthentication
  await assert.rejects(card.initialize({ soPin, userPin, options }), RangeError)
  await assert.rejects(card.initialize({ ...keys(2, 1), options }), RangeError)
  await assert.rejects(card.initialize({ ...keys(2, 1), label: 'no' }), RangeError)
})
