/** What the driver does with a SmartCard-HSM, whatever the way to it: one suite for every channel. */
import assert from 'node:assert/strict'
import {
  constants,
  createECDH,
  createHash,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
  X509Certificate,
} from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { algorithm, type Channel, curves, publicKeyObject, subjectPublicKeyInfo, type TrustRoot } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { type DriverError, type DriverErrorCode, type KeyInfo, type KeySpec, SmartCardHsm } from '@keytether/driver'
import { type Watched, watched } from '@keytether/test/scripted-card'
import { selfSigned } from '@keytether/test/x509'
import { secretKeySuite } from './secret-key-suite.ts'

export interface Backend {
  /** A device of its own. The suite initialises it: everything on it is lost. */
  open(): Promise<Channel>
  readonly roots: readonly TrustRoot[]
}

export const pin = Buffer.from('648219')
export const soPin = Buffer.from('57621880')
const wrongPin = Buffer.from('000000')
const message = Buffer.from('of this and that')
const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const

function digest(hash: string): Buffer {
  return createHash(hash).update(message).digest()
}

export function rejectsWith(promise: Promise<unknown>, code: DriverErrorCode): Promise<void> {
  return assert.rejects(promise, (error: DriverError) => {
    assert.equal(error.code, code, error.stack)
    return true
  })
}

export interface Device {
  readonly channel: Watched
  readonly hsm: SmartCardHsm
}

export function driverSuite(name: string, backend: Backend): void {
  for (const secure of [false, true]) {
    describe(`${name}, ${secure ? 'protected' : 'in the clear'}`, () => suite(backend, secure))
  }
}

function suite(backend: Backend, secure: boolean): void {
  /** A device with the PINs of this suite, nobody logged in. */
  async function device(): Promise<Device> {
    const channel = watched(await backend.open())
    const hsm = await SmartCardHsm.open(channel, { roots: backend.roots })
    if (secure) await hsm.openSecureChannel()
    const outcome = await hsm.initialize({ soPin, userPin: pin, pinTries: 3, label: 'suite' })
    assert.deepEqual(outcome, { status: 'verified' })
    await hsm.logout()
    assert.equal(hsm.secure, secure)
    return { channel, hsm }
  }

  async function unlocked(): Promise<Device> {
    const opened = await device()
    assert.deepEqual(await opened.hsm.verifyPin(pin), { status: 'verified' })
    return opened
  }

  describe('PINs', () => {
    let hsm: SmartCardHsm
    let channel: Channel
    before(async () => {
      ;({ hsm, channel } = await device())
    })
    after(() => channel.close())

    test('wrong, right, and the state in between', async () => {
      assert.deepEqual(await hsm.pinStatus(), { status: 'notVerified', triesLeft: 3 })
      assert.deepEqual(await hsm.verifyPin(wrongPin), { status: 'wrongPin', triesLeft: 2 })
      assert.deepEqual(await hsm.verifyPin(wrongPin), { status: 'wrongPin', triesLeft: 1 })
      assert.deepEqual(await hsm.verifyPin(wrongPin), { status: 'lastTry', triesLeft: 1 })
      assert.deepEqual(await hsm.verifyPin(pin, { lastTry: true }), { status: 'verified' })
      assert.deepEqual(await hsm.pinStatus(), { status: 'verified' })
      await hsm.logout()
      assert.deepEqual(await hsm.pinStatus(), { status: 'notVerified', triesLeft: 3 })
    })

    test('wrong twice at once: the last try is still there', async () => {
      assert.deepEqual(await hsm.verifyPin(wrongPin), { status: 'wrongPin', triesLeft: 2 })
      assert.deepEqual(await Promise.all([hsm.verifyPin(wrongPin), hsm.verifyPin(wrongPin)]), [
        { status: 'wrongPin', triesLeft: 1 },
        { status: 'lastTry', triesLeft: 1 },
      ])
      assert.deepEqual(await hsm.verifyPin(pin, { lastTry: true }), { status: 'verified' })
    })

    test('changing', async () => {
      const newPin = Buffer.from('12345678')
      assert.deepEqual(await hsm.changePin('user', pin, newPin), { status: 'verified' })
      assert.deepEqual(await hsm.verifyPin(newPin), { status: 'verified' })
      assert.deepEqual(await hsm.verifyPin(pin), { status: 'wrongPin', triesLeft: 2 })
      assert.deepEqual(await hsm.changePin('user', newPin, pin), { status: 'verified' })
      assert.deepEqual(await hsm.verifyPin(pin), { status: 'verified' })
    })

    test('blocked, and unblocked with a new PIN and without', async () => {
      for (let i = 0; i < 3; i++) await hsm.verifyPin(wrongPin, { lastTry: true })
      assert.deepEqual(await hsm.pinStatus(), { status: 'blocked' })
      assert.deepEqual(await hsm.verifyPin(pin), { status: 'blocked' })
      assert.deepEqual(await hsm.resetRetryCounter(Buffer.from('00000000'), pin), { status: 'wrongPin', triesLeft: 14 })
      const newPin = Buffer.from('1234567')
      assert.deepEqual(await hsm.resetRetryCounter(soPin, newPin), { status: 'verified' })
      assert.deepEqual(await hsm.verifyPin(newPin), { status: 'verified' })
      for (let i = 0; i < 3; i++) await hsm.verifyPin(wrongPin, { lastTry: true })
      assert.deepEqual(await hsm.resetRetryCounter(soPin), { status: 'verified' })
      assert.deepEqual(await hsm.changePin('user', newPin, pin), { status: 'verified' })
    })

    test("the security officer's PIN", async () => {
      const newPin = Buffer.from('01234567')
      assert.deepEqual(await hsm.changePin('so', soPin, newPin), { status: 'verified' })
      assert.deepEqual(await hsm.changePin('so', newPin, soPin), { status: 'verified' })
    })

    test('random numbers', async () => {
      for (const length of [1, 8, 300, 3000]) assert.equal((await hsm.random(length)).length, length)
      assert.notDeepEqual(await hsm.random(32), await hsm.random(32))
    })

    test('version and memory', async () => {
      const { freeMemory, version } = await hsm.deviceStatus()
      assert.ok(freeMemory > 0)
      assert.deepEqual([version.major, version.minor], [hsm.version.major, hsm.version.minor])
    })
  })

  describe('EC keys', () => {
    let hsm: SmartCardHsm
    let channel: Watched
    before(async () => {
      ;({ hsm, channel } = await unlocked())
    })
    after(() => channel.close())

    for (const curve of curves) {
      test(`${curve.name}: generate, sign, agree, delete`, async () => {
        const key = await hsm.generateKeyPair({ kind: 'ec', curve: curve.name }, { label: curve.name })
        assert.deepEqual([key.kind, key.curve, key.bits, key.label], ['EC', curve.name, curve.bits, curve.name])
        assert.deepEqual(key.warnings, [])
        const publicKey = publicKeyObject(key.publicKey!)
        for (const hash of hashes) {
          const count = channel.count
          const signature = await hsm.signHash(key, 'ECDSA', digest(hash))
          assert.equal(channel.count, count + 1)
          assert.ok(verify(hash, message, publicKey, signature), hash)
        }
        const ecdh = createECDH(curve.nodeName)
        const shared = await hsm.ecdh(key, ecdh.generateKeys())
        assert.ok(key.publicKey?.kind === 'ec')
        assert.deepEqual(Buffer.from(shared), ecdh.computeSecret(key.publicKey.q))
        await hsm.deleteKey(key.reference)
        await rejectsWith(hsm.signHash(key, 'ECDSA', digest('sha256')), 'KEY_NOT_FOUND')
        await rejectsWith(hsm.readCertificate(key.reference), 'FILE_NOT_FOUND')
        await rejectsWith(hsm.deleteKey(key.reference), 'KEY_NOT_FOUND')
      })
    }

    test('the card hashes the message', async () => {
      const key = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'hashes' })
      const publicKey = publicKeyObject(key.publicKey!)
      const ids = [algorithm.ecdsaSha1, algorithm.ecdsaSha224, algorithm.ecdsaSha256, algorithm.ecdsaSha384]
      for (const [i, id] of [...ids, algorithm.ecdsaSha512].entries()) {
        assert.ok(verify(hashes[i]!, message, publicKey, await hsm.sign(key.reference, id, message)))
      }
      await rejectsWith(hsm.decipher(key.reference, algorithm.ecdh, randomBytes(65)), 'WRONG_DATA')
    })

    test('uses of keys overlap, and what changes the card comes between them', async () => {
      const made = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'overlapping' })
      const secret = await hsm.secretKeys.generate(256, { label: 'overlapping' })
      const hash = digest('sha256')
      const peer = createECDH('prime256v1')
      const point = peer.generateKeys()
      const publicKey = publicKeyObject(made.publicKey!)
      // s: sign, e: agree, r: random, m: MAC; p: ask about the PIN, l: write, g: generate and delete.
      const steps = 'srgmsspeslrssgesm'
      const results = [...steps].map(async step => {
        if (step === 's') assert.ok(verify('sha256', message, publicKey, await hsm.signHash(made, 'ECDSA', hash)))
        if (step === 'e') return assert.equal((await hsm.ecdh(made, point)).length, 32)
        if (step === 'r') assert.equal((await hsm.random(2000)).length, 2000)
        if (step === 'm') return assert.equal((await hsm.secretKeys.cmac(secret, message)).length, 16)
        if (step === 'p') assert.deepEqual(await hsm.pinStatus(), { status: 'verified' })
        if (step === 'l') return hsm.writeLabel('between')
        if (step === 'g') await hsm.deleteKey((await hsm.secretKeys.generate(128, { label: 'for a moment' })).reference)
      })
      await Promise.all(results)
      for (const { reference } of [made, secret]) await hsm.deleteKey(reference)
    })

    test('limits of a key: algorithms and uses', async () => {
      const limits = { label: 'limited', algorithms: [algorithm.ecdsa], useCounter: 2 }
      const key = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, limits)
      assert.deepEqual(key.algorithms, [algorithm.ecdsa])
      assert.equal(key.useCounter, 2)
      await rejectsWith(hsm.sign(key.reference, algorithm.ecdsaSha256, message), 'ALGORITHM_NOT_ALLOWED')
      await hsm.signHash(key, 'ECDSA', digest('sha256'))
      const [read] = (await hsm.inventory()).keys.filter(({ reference }) => reference === key.reference)
      assert.equal(read!.useCounter, 1)
      await hsm.signHash(key, 'ECDSA', digest('sha256'))
      await rejectsWith(hsm.signHash(key, 'ECDSA', digest('sha256')), 'KEY_EXHAUSTED')
    })

    test('only after log-in', async () => {
      const key = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'locked' })
      await hsm.logout()
      await rejectsWith(hsm.signHash(key, 'ECDSA', digest('sha256')), 'NOT_LOGGED_IN')
      await rejectsWith(hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'no' }), 'NOT_LOGGED_IN')
      await rejectsWith(hsm.deleteKey(key.reference), 'NOT_LOGGED_IN')
      assert.deepEqual(await hsm.verifyPin(pin), { status: 'verified' })
    })

    test('certificates', async () => {
      const key = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'certified' })
      assert.deepEqual(await hsm.readCertificate(key.reference), key.certificate)
      const certificate = await selfSigned('certified', subjectPublicKeyInfo(key.publicKey!), bytes =>
        hsm.sign(key.reference, algorithm.ecdsaSha256, bytes),
      )
      const parsed = new X509Certificate(certificate)
      assert.ok(parsed.verify(parsed.publicKey))
      await hsm.writeCertificate(key.reference, certificate)
      assert.deepEqual(await hsm.readCertificate(key.reference), certificate)
      const read = await keyOf(hsm, key.reference)
      assert.deepEqual(
        [read.label, read.certificateKind, toHex(read.id), read.bits, read.curve, read.warnings],
        ['certified', 'x509', toHex(key.id), 256, 'secp256r1', []],
      )
      assert.deepEqual(
        read.publicKey?.kind === 'ec' && read.publicKey.q,
        key.publicKey?.kind === 'ec' && key.publicKey.q,
      )

      const other = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'other' })
      await rejectsWith(hsm.writeCertificate(other.reference, certificate), 'WRONG_DATA')
      assert.deepEqual(await hsm.readCertificate(other.reference), other.certificate)
    })
  })

  describe('RSA keys', () => {
    let hsm: SmartCardHsm
    let channel: Watched
    before(async () => {
      ;({ hsm, channel } = await unlocked())
    })
    after(() => channel.close())

    for (const bits of [1024, 2048, 4096]) {
      test(`${bits} bits: generate, sign, decrypt`, async () => {
        const key = await hsm.generateKeyPair({ kind: 'rsa', bits }, { label: `rsa ${bits}`, id: fromHex('0A0B') })
        assert.deepEqual([key.kind, key.bits, toHex(key.id)], ['RSA', bits, '0a0b'])
        const publicKey = publicKeyObject(key.publicKey!)
        for (const hash of hashes) {
          const count = channel.count
          const signature = await hsm.signHash(key, 'RSA_PKCS1', digest(hash))
          assert.equal(channel.count, count + 1)
          assert.ok(verify(hash, message, publicKey, signature), hash)
          if (bits === 1024 && hash === 'sha512') continue
          const pss = await hsm.signHash(key, 'RSA_PSS', digest(hash))
          const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
          assert.ok(
            verify(hash, message, { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, pss),
          )
        }
        const oaepLabel = Buffer.from('label')
        const padding = constants.RSA_PKCS1_OAEP_PADDING
        const cryptograms = [
          [{ kind: 'PKCS1' }, publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, message)],
          [{ kind: 'OAEP' }, publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, message)],
          [
            { kind: 'OAEP', hash: 'sha1', label: oaepLabel },
            publicEncrypt({ key: publicKey, padding, oaepHash: 'sha1', oaepLabel }, message),
          ],
        ] as const
        for (const [scheme, cryptogram] of cryptograms) {
          assert.deepEqual(Buffer.from(await hsm.decrypt(key, scheme, cryptogram)), message)
        }
        // Not a block with OAEP: one in some 300 looks like PKCS #1 as well.
        const unpadded = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, Buffer.alloc(bits / 8, 1))
        for (const [scheme] of cryptograms) await rejectsWith(hsm.decrypt(key, scheme, unpadded), 'WRONG_DATA')
        await hsm.deleteKey(key.reference)
      })
    }

    test('every algorithm of the card', async () => {
      const key = await hsm.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'all' })
      const publicKey = publicKeyObject(key.publicKey!)
      for (const [i, hash] of hashes.entries()) {
        const pkcs1 = await hsm.sign(key.reference, algorithm.rsaPkcs1Sha1 + i, message)
        assert.ok(verify(hash, message, publicKey, pkcs1), hash)
        const pss = await hsm.sign(key.reference, algorithm.rsaPssSha1 + i, message)
        const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        assert.ok(verify(hash, message, { key: publicKey, ...options }, pss), hash)
      }
      const cryptogram = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, message)
      const plain = await hsm.decipher(key.reference, algorithm.rsaPkcs1Decipher, cryptogram)
      assert.deepEqual(Buffer.from(plain), message)
    })

    test('a key that allows padding by the card only', async () => {
      const algorithms = [algorithm.rsaPkcs1, algorithm.rsaPkcs1Decipher]
      const key = await hsm.generateKeyPair({ kind: 'rsa', bits: 1024 }, { label: 'padding', algorithms })
      const signature = await hsm.signHash(key, 'RSA_PKCS1', digest('sha256'))
      const publicKey = publicKeyObject(key.publicKey!)
      assert.ok(verify('sha256', message, publicKey, signature))
      const cryptogram = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, message)
      assert.deepEqual(Buffer.from(await hsm.decrypt(key, { kind: 'PKCS1' }, cryptogram)), message)
      await rejectsWith(hsm.signHash(key, 'RSA_PSS', digest('sha256')), 'ALGORITHM_NOT_ALLOWED')
    })
  })

  secretKeySuite({ backend, secure, unlocked })

  describe('inventory', () => {
    let hsm: SmartCardHsm
    let channel: Watched
    before(async () => {
      ;({ hsm, channel } = await unlocked())
    })
    after(() => channel.close())

    test('nothing', async () => {
      const { label, keys, certificates, data } = await hsm.inventory()
      assert.deepEqual({ label, keys, certificates, data }, { label: 'suite', keys: [], certificates: [], data: [] })
    })

    test('thirty keys in two round trips, before log-in', async () => {
      const specs: KeySpec[] = [
        { kind: 'ec', curve: 'secp256r1' },
        { kind: 'ec', curve: 'brainpoolP256r1' },
        { kind: 'rsa', bits: 1024 },
      ]
      const made: KeyInfo[] = []
      for (let i = 0; i < 30; i++) made.push(await hsm.generateKeyPair(specs[i % 3]!, { label: `key ${i}` }))
      await hsm.logout()
      const count = channel.count
      const { keys } = await hsm.inventory()
      assert.equal(channel.count - count, 2)
      assert.deepEqual(keys, made)
      assert.deepEqual(await hsm.verifyPin(pin), { status: 'verified' })
    })

    test('a hundred keys in five round trips, and one more for a long certificate', async () => {
      const { length } = (await hsm.inventory()).keys
      const making = Array.from({ length: 100 - length }, (_, i) =>
        hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: `another ${i}` }),
      )
      const made = await Promise.all(making)
      const [first, second] = made
      const certificate = await selfSigned('x'.repeat(900), subjectPublicKeyInfo(first!.publicKey!), bytes =>
        hsm.signHash(first!, 'ECDSA', createHash('sha256').update(bytes).digest()),
      )
      assert.ok(certificate.length > 2000)
      await hsm.writeCertificate(first!.reference, certificate)

      const count = channel.count
      const { keys } = await hsm.inventory()
      assert.equal(channel.count - count, 6)
      assert.equal(keys.length, 100)
      assert.deepEqual(
        keys.flatMap(({ warnings }) => warnings),
        [],
      )
      assert.deepEqual(keys.find(({ reference }) => reference === first!.reference)?.certificate, certificate)
      assert.deepEqual(
        keys.find(({ reference }) => reference === second!.reference),
        second,
      )
    })

    test('certificates and data', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      const spki = publicKey.export({ type: 'spki', format: 'der' })
      const certificate = await selfSigned('issuer', spki, async () => fromHex('3006020101020101'))
      const number = await hsm.addCertificate('issuer', certificate, fromHex('77'))
      const long = randomBytes(5000)
      const open = await hsm.addData('open', long)
      const closed = await hsm.addData('closed', message, { private: true })
      assert.deepEqual(Buffer.from(await hsm.readData(open)), long)
      assert.deepEqual(Buffer.from(await hsm.readData(closed)), message)

      const { certificates, data } = await hsm.inventory()
      assert.deepEqual(certificates, [{ number, id: fromHex('77'), label: 'issuer', certificate, warnings: [] }])
      assert.deepEqual(data, [open, closed])

      await hsm.logout()
      assert.deepEqual(Buffer.from(await hsm.readData(open)), long)
      await rejectsWith(hsm.readData(closed), 'NOT_LOGGED_IN')
      assert.deepEqual(await hsm.verifyPin(pin), { status: 'verified' })

      const contents = Array.from({ length: 4 }, () => randomBytes(100))
      const objects = await Promise.all(contents.map((each, i) => hsm.addData(`at once ${i}`, each)))
      for (const [i, each] of objects.entries()) {
        assert.deepEqual(Buffer.from(await hsm.readData(each)), contents[i])
        await hsm.removeData(each)
      }

      await hsm.removeCertificate(number)
      await hsm.removeData(open)
      await hsm.removeData(closed)
      await rejectsWith(hsm.removeData(open), 'FILE_NOT_FOUND')
      await rejectsWith(hsm.readData(open), 'FILE_NOT_FOUND')
      const left = await hsm.inventory()
      assert.deepEqual([left.certificates, left.data], [[], []])
    })

    test('initialising erases it', async () => {
      await hsm.initialize({ soPin, userPin: pin })
      const { label, keys } = await hsm.inventory()
      assert.deepEqual([label, keys], ['SmartCard-HSM', []])
      assert.deepEqual(await hsm.initialize({ soPin: Buffer.from('00000000'), userPin: pin }), {
        status: 'wrongPin',
        triesLeft: 14,
      })
    })
  })
}

export async function keyOf(hsm: SmartCardHsm, reference: number): Promise<KeyInfo> {
  const { keys } = await hsm.inventory()
  const key = keys.find(each => each.reference === reference)
  assert.ok(key)
  return key
}
