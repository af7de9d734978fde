/** Public key authentication: registering keys, and what they open. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AuthenticatedRequest,
  DeviceCertificates,
  decodeCommand,
  fid,
  issueRequest,
  RegisterAuthenticationKey,
  UpdateBinary,
} from '@keytether/card'
import { decode, toHex } from '@keytether/codec'
import {
  authenticate,
  type Custodian,
  chooseAuthenticationKey,
  chooseVerificationKey,
  custodian,
  deviceOf,
  register,
  registerCustodian,
  verify,
} from '@keytether/test/custodian'
import { apdu, type EmulatedToken, emulatedToken, exchanges, pin, soPin } from '@keytether/test/emulated-token'
import { issueDevice } from '../identity.ts'
import { generateEcKey, publicKeyOfPrivate, signerOf } from '../keys/private-key.ts'
import { memoryStore, type Store } from '../store/store.ts'

const names = ['ZZALICE00001', 'ZZBOB00001', 'ZZCAROL00001', 'ZZDAVE00001']
const [alice, bob, carol, dave] = await Promise.all(names.map(name => custodian(name)))

const ascii = (text: string) => toHex(new TextEncoder().encode(text)).toUpperCase()
const status = '8054000004'
/** What needs a log-in and has no other effect: a key that there is not. */
const use = '80680170 01 00 00'
const [open, closed] = ['6A82', '6982']

/** A token for 2 of 3 keys, unless told otherwise. */
async function token(keys = '0302', options = '0001', store: Store = memoryStore()): Promise<EmulatedToken> {
  const made = await emulatedToken('selected', store)
  const data = `8002${options} 8106${pin} 8208${soPin} 910103 9302${keys}`.replaceAll(' ', '')
  assert.equal(await made.send(`80500000 ${(data.length / 2).toString(16)} ${data}`), '9000')
  return made
}

async function withCustodians(options?: string, store?: Store): Promise<EmulatedToken & { device: string }> {
  const made = await token('0302', options, store)
  for (const each of [alice!, bob!, carol!]) assert.match(await registerCustodian(made, each), /9000$/)
  return { ...made, device: await deviceOf(made) }
}

exchanges('without public key authentication', 'loggedIn', [
  ['status', status, '6D00'],
  ['key', '8054020000', '6A86'],
  ['a key to authenticate', chooseAuthenticationKey('ZZALICE00001'), '6A88'],
  ['register', register(alice!.request), '6D00'],
  ['replace', register(alice!.request).replace('80540000', '80540100'), '6D00'],
  ['authenticate', `00820000 40 ${'11'.repeat(64)}`, '6985'],
])

exchanges('not initialised', 'selected', [
  ['status', status, '6D00'],
  ['key', '8054020000', '6A86'],
  ['register', register(alice!.request), '6D00'],
  ['authenticate', `00820000 40 ${'11'.repeat(64)}`, '6985'],
])

exchanges('not selected', 'powered', [
  ['status', status, '6D00'],
  ['key to authenticate', chooseAuthenticationKey('ZZALICE00001'), '6E00'],
  ['authenticate', `00820000 40 ${'11'.repeat(64)}`, '6E00'],
])

test('2 of 3, in any order; a wrong signature spends nothing but its challenge', async () => {
  const { send, device } = await withCustodians()
  assert.equal(await send(status), '030002009000')
  assert.equal(await send('00200081'), '6300')
  assert.equal(await send(use), closed)
  assert.equal(await authenticate({ send } as EmulatedToken, device, carol!), '9000')
  assert.equal(await send(status), '030002019000')
  assert.equal(await send(use), closed, 'one is not enough')
  assert.equal(await authenticate({ send } as EmulatedToken, device, carol!), '6985', 'the same key counts once')
  const impostor = { ...alice!, sign: bob!.sign }
  for (let times = 0; times < 20; times++) {
    assert.equal(await authenticate({ send } as EmulatedToken, device, impostor), '6300')
  }
  assert.equal(await send(status), '030002019000')
  assert.equal(await authenticate({ send } as EmulatedToken, 'ZZEMUOTHER00000', alice!), '6300', 'for another device')
  assert.equal(await authenticate({ send } as EmulatedToken, device, alice!), '9000')
  assert.equal(await send(status), '030002029000')
  assert.equal(await send('00200081'), '9000')
  assert.equal(await send(use), open)
  assert.equal(await send('00D72F03 0A 54020000 5304 01020304'), '9000')
  assert.equal(await authenticate({ send } as EmulatedToken, device, bob!), '9000', 'a third')
  assert.equal(await send(status), '030002039000')
  await send(apdu.select)
  assert.equal(await send(status), '030002009000', 'selecting the application ends it')
  assert.equal(await send(use), closed)
})

test('a reset ends it, and keys stay registered', async () => {
  const store = memoryStore()
  const { emulator, send, device } = await withCustodians('0001', store)
  for (const each of [alice!, bob!]) assert.equal(await authenticate({ emulator, send }, device, each), '9000')
  await emulator.reset()
  await send(apdu.select)
  assert.equal(await send(status), '030002009000')
  const again = await emulatedToken('selected', store)
  assert.equal(await again.send(status), '030002009000')
  assert.equal(await again.send('8054020100'), `${ascii('ZZBOB00001')}9000`)
})

test('order: a key, a challenge, a signature', async () => {
  const { send, device } = await withCustodians()
  const signature = `00820000 40 ${'11'.repeat(64)}`
  assert.equal(await send(signature), '6985', 'nothing chosen')
  await send('0084000008')
  assert.equal(await send(signature), '6985', 'no key')
  await send(chooseAuthenticationKey(alice!.name))
  assert.equal(await send(signature), '6300', 'a challenge may be older than the choice')
  assert.equal(await send(signature), '6985', 'it is spent')
  assert.equal(await send('0082000001'), '6700', 'no signature')
  assert.equal(await send(chooseAuthenticationKey(dave!.name)), '6A88', 'not registered')
  await send('0084000008')
  assert.equal(await send(signature), '6985', 'then none is chosen')
  await send(chooseAuthenticationKey(alice!.name))
  const first = (await send('0084000008')).slice(0, -4)
  await send('0084000010')
  const signed = toHex(await alice!.sign(device, Buffer.from(first, 'hex')))
  assert.equal(await send(`00820000 40 ${signed}`), '6985', 'other random bytes replace the challenge')
  await send('0084000008')
  assert.equal(await send(`00820000 40 ${signed}`), '6300', 'an old challenge')
  assert.equal(await send('00820000 01 00'), '6985')
  await send('0084000008')
  assert.equal(await send('00820000 01 00'), '6300', 'too short to be one')
  assert.equal(await send(chooseAuthenticationKey('')), '6A80')
})

test('registering', async () => {
  const { send, emulator } = await token('0201')
  assert.equal(await send(status), '020201009000')
  assert.equal(await send('8054020000'), '6A88', 'nothing in the slot')
  assert.equal(await send('8054020200'), '6A86', 'no such slot')
  assert.equal(await send(register(alice!.request)), '6A88', 'nobody vouches for it')
  assert.equal(await registerCustodian({ emulator, send }, alice!), '020101009000')
  assert.equal(await send(status), '020101009000')
  assert.equal(await send(register(alice!.request)), '6985', 'registered already')
  assert.equal(await send(register(bob!.request)), '6A88', 'of another device')
  const { certificate, signature, ...rest } = bob!.request
  const flip = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 9 ? byte ^ 1 : byte))
  assert.equal(
    await registerCustodian(
      { emulator, send },
      { ...bob!, request: { certificate, ...rest, signature: flip(signature) } },
    ),
    '6985',
    'outer signature',
  )
  const inner = { ...certificate, raw: flipLast(certificate.raw) }
  assert.equal(
    await registerCustodian({ emulator, send }, { ...bob!, request: { certificate: inner, ...rest, signature } }),
    '6985',
    'inner signature',
  )
  assert.equal(await send(chooseVerificationKey(bob!.issuer)), '9000')
  assert.equal(await send(register(bob!.request)), '6A88', 'an issuer vouches for no keys')
  assert.equal(await send('80540000 03 420141'), '6A80')
  assert.equal(await send(status), '020101009000', 'nothing was registered meanwhile')
  const withLe = `${register(bob!.request)}`
  await registerCustodian({ emulator, send }, bob!)
  assert.equal(await send('8054020100'), `${ascii(bob!.name)}9000`)
  assert.equal(await send(withLe), '6A84')
  assert.equal(await registerCustodian({ emulator, send }, carol!), '6A84', 'all are registered')
})

test('a request longer than an APDU, by way of the scratch file', async () => {
  const made = await token('0201', '0009')
  const { send } = made
  const write = (custodian: Custodian) => send(toHex(scratch(custodian.request)))
  assert.equal(await write(alice!), '9000', 'no log-in is needed before all keys are registered')
  assert.equal(await send('00D7CF01 07 54020000 530101'), '6982', 'but for other files')
  assert.equal(await send('80540000 00'), '6A88', 'nobody vouches for it')
  assert.equal(await send(status), '020201009000', 'what was refused is gone, and the status is asked for')
  await verifyDevice(made, alice!)
  await write(alice!)
  assert.equal(await send('80540000 00'), '020101009000')
  assert.equal(await send('00B12F10 04 54020000 00'), '6A82')
  assert.equal(await send('00D72F10 09 54020000 5303010203'), '9000')
  assert.equal(await send(status), '020101009000', 'no request is there')
  assert.equal(await registerCustodian(made, bob!), '020001009000')
  assert.equal(await send('00D72F10 09 54020000 5303010203'), '6982', 'there is nothing to register any more')
  assert.equal(await authenticate(made, await deviceOf(made), bob!), '9000')
  await verifyDevice(made, carol!)
  await send('00E40200 02 2F10')
  await write(carol!)
  assert.equal(await send('80540100 00'), '020001019000', 'one in the place of another')
  assert.equal(await send('8054020000'), `${ascii(carol!.name)}9000`)
})

function scratch(request: Custodian['request']): Uint8Array {
  const { data } = decodeCommand(RegisterAuthenticationKey.encodeRequest({}, request))
  return UpdateBinary.encodeRequest({ fid: fid.scratch }, { offset: 0, data })
}

async function verifyDevice({ send }: EmulatedToken, { issuer, device, certificates }: Custodian): Promise<void> {
  const steps = [chooseVerificationKey(issuer), verify(certificates[0]!), chooseVerificationKey(device)]
  for (const step of steps) assert.equal(await send(step), '9000')
}

function flipLast(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[copy.length - 1]! ^= 1
  return copy
}

test('none is authenticated before all are registered', async () => {
  const made = await token('0201')
  await registerCustodian(made, alice!)
  const device = await deviceOf(made)
  assert.equal(await authenticate(made, device, alice!), '6A88')
  assert.equal(await made.send('00200081'), '6300')
  await registerCustodian(made, bob!)
  assert.equal(await authenticate(made, device, alice!), '9000')
  assert.equal(await made.send('00200081'), '9000')
})

test('keys of one name are told apart by their signatures', async () => {
  const twin = await custodian(alice!.name)
  const made = await token('0202')
  for (const each of [alice!, twin]) await registerCustodian(made, each)
  const device = await deviceOf(made)
  assert.equal(await authenticate(made, device, twin), '9000')
  assert.equal(await authenticate(made, device, twin), '6300')
  assert.equal(await made.send('8054020000'), `${ascii(alice!.name)}9000`)
  assert.equal(await made.send('8054020100'), `${ascii(alice!.name)}9001`)
  assert.equal(await authenticate(made, device, alice!), '9000')
  assert.equal(await authenticate(made, device, alice!), '6985')
  assert.equal(await made.send('00200081'), '9000')
})

test('keys of other curves; RSA keys are refused', async () => {
  const made = await token('0202')
  assert.equal(await registerCustodian(made, await custodian('ZZRSA00001', 'rsa')), '6A80')
  const others = await Promise.all([custodian('ZZP38400001', 'secp384r1'), custodian('ZZK25600001', 'secp256k1')])
  for (const each of others) assert.match(await registerCustodian(made, each), /9000$/)
  for (const each of others) assert.equal(await authenticate(made, await deviceOf(made), each), '9000')
  assert.equal(await made.send('00200081'), '9000')
})

test('one key is registered once, in whatever form its point is', async () => {
  const made = await token('0202')
  const device = issueDevice()
  const key = generateEcKey('brainpoolP256r1')
  const publicKey = publicKeyOfPrivate(key)
  const request = (q: Uint8Array) =>
    decode(
      AuthenticatedRequest,
      issueRequest({
        body: { profile: 0, holderReference: 'ZZTWICE00001', publicKey: { ...publicKey, q } },
        sign: signerOf(key, 'sha256'),
        authorityReference: device.holderReference,
        authenticate: signerOf(device.privateKey, 'sha256'),
      }),
    )
  const certificates = decode(DeviceCertificates, device.certificates)
  const issuer = certificates[1]!.body.value.holderReference
  const base = { ...alice!, certificates, device: device.holderReference, issuer }
  const compressed = publicKey.q.slice(0, 33).with(0, 2 + (publicKey.q.at(-1)! & 1))
  assert.match(await registerCustodian(made, { ...base, request: request(publicKey.q) }), /9000$/)
  assert.equal(await registerCustodian(made, { ...base, request: request(compressed) }), '6A80')
  assert.equal(await registerCustodian(made, { ...base, request: request(publicKey.q) }), '6985')
})

test('replacing: with option 0008, by who is logged in', async () => {
  const fixed = await withCustodians()
  const replaceBob = register(dave!.request).replace('80540000', '80540101')
  for (const each of [alice!, carol!]) await authenticate(fixed, fixed.device, each)
  assert.equal(await fixed.send(replaceBob), '6985', 'not with these options')

  const { device, ...free } = await withCustodians('0009')
  const choose = async () => {
    await registerCustodian(free, dave!)
    assert.equal(await free.send(chooseVerificationKey(dave!.device)), '9000')
  }
  await choose()
  assert.equal(await free.send(replaceBob), '6982', 'not logged in')
  for (const each of [alice!, bob!]) await authenticate(free, device, each)
  await choose()
  assert.equal(await free.send(register(dave!.request).replace('80540000', '80540103')), '6A86', 'no such key')
  assert.equal(await free.send(replaceBob), '030002019000')
  assert.equal(await free.send('8054020100'), `${ascii(dave!.name)}9000`)
  assert.equal(await free.send(use), closed, 'the key that is gone does not count any more')
  assert.equal(await authenticate(free, device, bob!), '6A88')
  assert.equal(await authenticate(free, device, dave!), '9000')
  assert.equal(await free.send(use), open)
})

test('a PIN that comes with the keys opens nothing', async () => {
  const { send } = await withCustodians()
  assert.equal(await send(apdu.verify), '6A88')
  assert.equal(await send(`002400810C ${pin}${pin}`), '6A88')
  assert.equal(await send(`002C00810E ${soPin}${pin}`), '6A88')
  assert.equal(await send('00200081'), '6300')
})

test('PIN and keys together, with option 0010, in either order', async () => {
  for (const pinFirst of [true, false]) {
    const { device, ...made } = await withCustodians('0011')
    assert.equal(await made.send('00200081'), '6300')
    if (pinFirst) assert.equal(await made.send(apdu.verify), '9000')
    for (const each of [alice!, bob!]) assert.equal(await authenticate(made, device, each), '9000')
    assert.equal(await made.send('00200081'), pinFirst ? '9000' : '63C3')
    assert.equal(await made.send(use), pinFirst ? open : closed)
    if (!pinFirst) assert.equal(await made.send(apdu.verify), '9000')
    assert.equal(await made.send(use), open)
    assert.equal(await made.send('0020008106 393939393939'), '63C2')
    assert.equal(await made.send(use), closed, 'a wrong PIN ends it')
  }
})

test('initialising forgets all keys', async () => {
  const { send } = await withCustodians()
  assert.equal(await send(apdu.initialize), '9000')
  assert.equal(await send(status), '6D00')
  assert.equal(await send('00200081'), '63C3')
})
