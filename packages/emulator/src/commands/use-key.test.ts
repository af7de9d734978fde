/** SIGN and DECIPHER: every algorithm checked with OpenSSL, every rule with its status word. */
import assert from 'node:assert/strict'
import {
  constants,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicDecrypt,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto'
import { test } from 'node:test'
import {
  AuthenticatedRequest,
  algorithm,
  type CurveName,
  curveByName,
  Decipher,
  type EcPublicKey,
  GenerateKeyPair,
  keyAlgorithm,
  publicKeyObject,
  publicKeyOf,
  Sign,
} from '@keytether/card'
import { concat, decode, fromHex } from '@keytether/codec'
import { apdu, type EmulatedToken, emulatedToken } from '@keytether/test/emulated-token'
import { memoryStore } from '../store/store.ts'

type KeyData = ReturnType<typeof GenerateKeyPair.decodeData>

function ec(name: CurveName): KeyData['parameters'] {
  return { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain: curveByName(name).domain }
}

function rsa(bits: number): KeyData['parameters'] {
  return { kind: 'rsa', oid: fromHex(keyAlgorithm.rsaSha256), e: fromHex('010001'), bits }
}

async function makeKey(token: EmulatedToken, key: number, data: Partial<KeyData>): Promise<KeyObject> {
  const base = { profile: 0, holderReference: 'ZZTEST00001', parameters: ec('secp256r1') }
  const command = GenerateKeyPair.encodeRequest({ key, signingKey: 0 }, { ...base, ...data })
  const [response] = await token.emulator.transmit([command])
  const outcome = GenerateKeyPair.decodeResponse(response!)
  assert.ok(outcome.status === 'ok', outcome.status)
  return publicKeyObject(decode(AuthenticatedRequest, outcome.data).certificate.value.body.value.publicKey)
}

async function use(token: EmulatedToken, command: typeof Sign, key: number, id: number, data: Uint8Array) {
  const [response] = await token.emulator.transmit([command.encodeRequest({ key, algorithm: id }, data)])
  return command.decodeResponse(response!)
}

/** The result, of a use that must succeed. */
async function result(...use_: Parameters<typeof use>): Promise<Uint8Array> {
  const outcome = await use(...use_)
  assert.ok(outcome.status === 'ok', outcome.status)
  return outcome.data
}

const token = await emulatedToken('loggedIn')
const rsa2048 = await makeKey(token, 1, { parameters: rsa(2048) })
const rsa1024 = await makeKey(token, 2, { parameters: rsa(1024) })
const p256 = await makeKey(token, 3, {})
const message = new TextEncoder().encode('a message that is signed')
const hashNames = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const

function digest(name: string): Uint8Array {
  return createHash(name).update(message).digest()
}

function pss(key: KeyObject) {
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
}

test('RSA: the padding of the host', async () => {
  const block = concat(Uint8Array.of(0), randomBytes(255))
  const signature = await result(token, Sign, 1, algorithm.rsaRaw, block)
  assert.deepEqual(publicDecrypt({ key: rsa2048, padding: constants.RSA_NO_PADDING }, signature), Buffer.from(block))
  assert.equal((await use(token, Sign, 1, algorithm.rsaRaw, block.subarray(1))).status, 'wrongLength')
  assert.equal((await use(token, Sign, 1, algorithm.rsaRaw, new Uint8Array(256).fill(0xff))).status, 'wrongData')
})

test('RSA: PKCS #1 v1.5 of a DigestInfo', async () => {
  const digestInfo = concat(fromHex('3031300d060960864801650304020105000420'), digest('sha256'))
  const signature = await result(token, Sign, 1, algorithm.rsaPkcs1, digestInfo)
  assert.ok(verify('sha256', message, rsa2048, signature))
  assert.equal((await result(token, Sign, 1, algorithm.rsaPkcs1, new Uint8Array(245))).length, 256)
  assert.equal((await use(token, Sign, 1, algorithm.rsaPkcs1, new Uint8Array(246))).status, 'wrongLength')
  assert.equal((await use(token, Sign, 1, algorithm.rsaPkcs1, new Uint8Array())).status, 'wrongLength')
})

for (const [index, name] of hashNames.entries()) {
  test(`RSA with ${name} of a message`, async () => {
    const pkcs1 = await result(token, Sign, 1, algorithm.rsaPkcs1Sha1 + index, message)
    assert.ok(verify(name, message, rsa2048, pkcs1))
    const signature = await result(token, Sign, 1, algorithm.rsaPssSha1 + index, message)
    assert.ok(verify(name, message, pss(rsa2048), signature))
    const long = new Uint8Array(60_000).fill(7)
    assert.ok(verify(name, long, rsa2048, await result(token, Sign, 1, algorithm.rsaPkcs1Sha1 + index, long)))
  })

  test(`PSS of a ${name} hash, plain and in a DigestInfo`, async () => {
    const signature = await result(token, Sign, 1, algorithm.rsaPss, digest(name))
    assert.ok(verify(name, message, pss(rsa2048), signature))
    const again = await result(token, Sign, 1, algorithm.rsaPss, digest(name))
    assert.notDeepEqual(again, signature)
    const prefixes = {
      sha1: '3021300906052b0e03021a05000414',
      sha224: '302d300d06096086480165030402040500041c',
      sha256: '3031300d060960864801650304020105000420',
      sha384: '3041300d060960864801650304020205000430',
      sha512: '3051300d060960864801650304020305000440',
    }
    const digestInfo = concat(fromHex(prefixes[name]), digest(name))
    assert.ok(verify(name, message, pss(rsa2048), await result(token, Sign, 1, algorithm.rsaPss, digestInfo)))
    assert.equal((await use(token, Sign, 1, algorithm.rsaPss, digestInfo.with(1, 0))).status, 'wrongLength')
  })

  test(`ECDSA with ${name} of a message`, async () => {
    const signature = await result(token, Sign, 3, algorithm.ecdsaSha1 + index, message)
    assert.ok(verify(name, message, p256, signature))
  })

  test(`ECDSA of a ${name} hash, on curves shorter and longer than it`, async () => {
    const curves = ['secp192k1', 'secp256r1', 'brainpoolP320r1', 'brainpoolP512r1', 'secp521r1'] as const
    for (const [number, curve] of curves.entries()) {
      const key = 0x10 * (index + 1) + number
      const publicKey = await makeKey(token, key, { parameters: ec(curve) })
      for (let round = 0; round < 5; round++) {
        const signature = await result(token, Sign, key, algorithm.ecdsa, digest(name))
        assert.ok(verify(name, message, publicKey, signature), curve)
      }
    }
  })
}

test('PSS needs room', async () => {
  assert.equal((await use(token, Sign, 2, algorithm.rsaPss, digest('sha512'))).status, 'wrongData')
  assert.equal((await use(token, Sign, 2, algorithm.rsaPssSha512, message)).status, 'wrongData')
  assert.ok(verify('sha384', message, pss(rsa1024), await result(token, Sign, 2, algorithm.rsaPss, digest('sha384'))))
  assert.equal((await use(token, Sign, 1, algorithm.rsaPss, new Uint8Array(33))).status, 'wrongLength')
})

test('ECDSA: lengths of a hash', async () => {
  assert.equal((await use(token, Sign, 3, algorithm.ecdsa, new Uint8Array())).status, 'wrongLength')
  assert.equal((await use(token, Sign, 3, algorithm.ecdsa, new Uint8Array(67))).status, 'wrongLength')
  const zeros = await result(token, Sign, 3, algorithm.ecdsa, new Uint8Array(32))
  assert.equal(zeros[0], 0x30)
  // A hash that is filled up to the length of the field is the same number.
  const filled = concat(new Uint8Array(12), digest('sha1'))
  assert.ok(verify('sha1', message, p256, await result(token, Sign, 3, algorithm.ecdsa, filled)))
})

test('RSA: decipher', async () => {
  const plaintext = randomBytes(100)
  const encrypt = (padding: number) => publicEncrypt({ key: rsa2048, padding, oaepHash: 'sha256' }, plaintext)
  const pkcs1 = encrypt(constants.RSA_PKCS1_PADDING)
  assert.deepEqual(await result(token, Decipher, 1, algorithm.rsaPkcs1Decipher, pkcs1), new Uint8Array(plaintext))
  const oaep = encrypt(constants.RSA_PKCS1_OAEP_PADDING)
  assert.deepEqual(await result(token, Decipher, 1, algorithm.rsaOaepDecipher, oaep), new Uint8Array(plaintext))
  const block = await result(token, Decipher, 1, algorithm.rsaRawDecipher, pkcs1)
  assert.deepEqual([block.length, ...block.subarray(0, 2)], [256, 0, 2])
  assert.deepEqual(block.subarray(-101), new Uint8Array([0, ...plaintext]))

  for (const id of [algorithm.rsaRawDecipher, algorithm.rsaPkcs1Decipher, algorithm.rsaOaepDecipher]) {
    assert.equal((await use(token, Decipher, 1, id, pkcs1.subarray(1))).status, 'wrongLength')
    assert.equal((await use(token, Decipher, 1, id, new Uint8Array(256).fill(0xff))).status, 'wrongData')
  }
  assert.equal((await use(token, Decipher, 1, algorithm.rsaOaepDecipher, pkcs1)).status, 'wrongData')
  for (const [why, start, status] of [
    ['eight bytes of padding', '0002 0101010101010101 00', 'ok'],
    ['seven', '0002 01010101010101 00', 'wrongData'],
    ['no end', '0002 0101010101010101 01', 'wrongData'],
    ['that of a signature', '0001 0101010101010101 00', 'wrongData'],
    ['not zero at first', '0102 0101010101010101 00', 'wrongData'],
  ] as const) {
    const padded = concat(fromHex(start), new Uint8Array(256).fill(1)).subarray(0, 256)
    const cryptogram = publicEncrypt({ key: rsa2048, padding: constants.RSA_NO_PADDING }, padded)
    assert.equal((await use(token, Decipher, 1, algorithm.rsaPkcs1Decipher, cryptogram)).status, status, why)
  }
})

test('ECDH', async () => {
  const peer = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const point = (publicKeyOf(peer.publicKey.export({ format: 'der', type: 'spki' })) as EcPublicKey).q
  const shared = await result(token, Decipher, 3, algorithm.ecdh, point)
  assert.deepEqual(
    shared.subarray(0, 33),
    new Uint8Array([4, ...diffieHellman({ privateKey: peer.privateKey, publicKey: p256 })]),
  )
  // The shared point is a point: both sides' are the same, and the curve has it.
  publicKeyObject({ kind: 'ec', oid: fromHex('00'), domain: curveByName('secp256r1').domain, q: shared })

  for (const [why, bad, status] of [
    ['off the curve', point.with(64, point[64]! ^ 1), 'wrongData'],
    ['coordinates beyond the field', new Uint8Array(65).fill(0xff).with(0, 4), 'wrongData'],
    ['zero', new Uint8Array(65).with(0, 4), 'wrongData'],
    ['compressed', point.subarray(0, 33).with(0, 2), 'wrongLength'],
    ['hybrid', point.with(0, 6), 'wrongData'],
    ['infinity', Uint8Array.of(0), 'wrongLength'],
    ['nothing', new Uint8Array(), 'wrongLength'],
    ['of another curve', new Uint8Array(97).with(0, 4), 'wrongLength'],
  ] as const) {
    assert.equal((await use(token, Decipher, 3, algorithm.ecdh, bad)).status, status, why)
  }
})

test('the rules, in order', async () => {
  const fresh = await emulatedToken('initialized')
  const hash = new Uint8Array(32)
  assert.equal((await use(fresh, Sign, 9, 0xff, hash)).status, 'securityNotSatisfied')
  assert.equal((await use(fresh, Decipher, 9, 0xff, hash)).status, 'securityNotSatisfied')
  await fresh.send(apdu.verify)
  assert.equal((await use(fresh, Sign, 9, 0xff, hash)).status, 'notFound')
  assert.equal((await use(fresh, Sign, 0, algorithm.ecdsa, hash)).status, 'algorithmNotAllowed', 'the device key')
  await makeKey(fresh, 1, { algorithms: Uint8Array.of(algorithm.ecdsa, algorithm.rsaRaw), useCounter: 2 })
  assert.equal((await use(fresh, Sign, 1, 0xff, hash)).status, 'unknownAlgorithm')
  assert.equal((await use(fresh, Sign, 1, algorithm.ecdh, hash)).status, 'unknownAlgorithm')
  assert.equal((await use(fresh, Decipher, 1, algorithm.ecdsa, hash)).status, 'unknownAlgorithm')
  assert.equal((await use(fresh, Decipher, 1, algorithm.ecdhAuthenticated, hash)).status, 'unknownAlgorithm')
  assert.equal((await use(fresh, Sign, 1, algorithm.ecdsaSha256, hash)).status, 'algorithmNotAllowed', 'not listed')
  assert.equal((await use(fresh, Decipher, 1, algorithm.ecdh, hash)).status, 'algorithmNotAllowed', 'not listed')
  assert.equal((await use(fresh, Sign, 1, algorithm.rsaRaw, hash)).status, 'algorithmNotAllowed', 'listed, but EC')
  assert.equal((await use(fresh, Sign, 1, algorithm.ecdsa, new Uint8Array())).status, 'wrongLength')
  for (let left = 2; left > 0; left--) await result(fresh, Sign, 1, algorithm.ecdsa, hash)
  assert.equal((await use(fresh, Sign, 1, algorithm.ecdsa, hash)).status, 'exhausted')
  assert.equal((await use(fresh, Sign, 1, algorithm.ecdsa, new Uint8Array())).status, 'exhausted')
})

test('the use counter is stored before the answer, and shown', async () => {
  const store = memoryStore()
  const first = await emulatedToken('loggedIn', store)
  await makeKey(first, 1, { useCounter: 3 })
  await result(first, Sign, 1, algorithm.ecdsa, new Uint8Array(32))
  const second = await emulatedToken('selected', store)
  assert.match(await second.send('00A4000002CC0100'), /A508900400000002/)
  await second.send(apdu.verify)
  await result(second, Sign, 1, algorithm.ecdsa, new Uint8Array(32))
  await result(second, Decipher, 1, algorithm.ecdh, fromHex(generator))
  assert.match(await second.send('00A4000002CC0100'), /A508900400000000/)
  assert.equal((await use(second, Decipher, 1, algorithm.ecdh, fromHex(generator))).status, 'exhausted')
})

test('Le: what is longer than it is not answered, and has not happened', async () => {
  const fresh = await emulatedToken('loggedIn')
  await makeKey(fresh, 1, { useCounter: 1, parameters: rsa(1024) })
  assert.equal(await fresh.send(`80680133 01 00 7F`), '6700')
  assert.match(await fresh.send(`80680133 01 00 80`), /^.{256}9000$/)
  assert.equal(await fresh.send(`80680133 01 00 80`), '6984')
})

const { g } = curveByName('secp256r1').domain
const generator = Buffer.from(g).toString('hex')
