/** AES keys and derived keys of a SmartCard-HSM, whatever the way to it: a part of the suite for every channel. */
import assert from 'node:assert/strict'
import { createCipheriv, createHash, randomBytes, verify } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  algorithm,
  type Channel,
  ImportKeyShare,
  keyEncryptionKey,
  publicKeyObject,
  UnwrapKey,
  wrapKey,
} from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import type { Watched } from '@keytether/test/scripted-card'
import { vectors } from '@keytether/test/vectors'
import { type Backend, type Device, keyOf, pin, rejectsWith, soPin } from './driver-suite.ts'

const message = Buffer.from('of this and that')

interface AesExamples {
  readonly iv: string
  readonly plaintext: string
  readonly keys: readonly {
    readonly key: string
    readonly cryptogram: string
    readonly macs: readonly { readonly length: number; readonly mac: string }[]
  }[]
}

interface Parameters {
  readonly backend: Backend
  readonly secure: boolean
  /** A device where somebody is logged in. */
  unlocked(): Promise<Device>
}

export function secretKeySuite({ backend, secure, unlocked }: Parameters): void {
  describe('AES keys', () => {
    let hsm: SmartCardHsm
    let channel: Watched
    before(async () => {
      ;({ hsm, channel } = await unlocked())
    })
    after(() => channel.close())

    for (const bits of [128, 192, 256] as const) {
      test(`${bits} bits: generate, encrypt, decrypt, authenticate, derive, delete`, async () => {
        const aes = hsm.secretKeys
        const key = await aes.generate(bits, { label: `aes ${bits}` })
        assert.deepEqual([key.kind, key.bits, key.label, key.warnings], ['AES', bits, `aes ${bits}`, []])
        assert.deepEqual(await keyOf(hsm, key.reference), key)
        const iv = randomBytes(16)
        const count = channel.count
        for (const blocks of [1, 2, 16, 17]) {
          const plain = randomBytes(16 * blocks)
          const cryptogram = await aes.encryptCbc(key, iv, plain)
          assert.deepEqual(Buffer.from(await aes.decryptCbc(key, iv, cryptogram)), plain)
          const first = Uint8Array.from(plain.subarray(0, 16), (byte, i) => byte ^ iv[i]!)
          const zero = new Uint8Array(16)
          assert.deepEqual(await aes.encryptCbc(key, zero, first), cryptogram.slice(0, 16))
        }
        assert.equal(channel.count - count, 12)
        for (const length of [0, 1, 16, 17, 256, 257]) {
          const input = randomBytes(length)
          const mac = await aes.cmac(key, input)
          assert.equal(mac.length, 16)
          assert.deepEqual(await aes.cmac(key, input), mac)
        }
        const secret = await aes.derive(key, message)
        assert.equal(secret.length, 32)
        assert.deepEqual(await aes.derive(key, message), secret)
        assert.notDeepEqual(await aes.derive(key, Buffer.from('another')), secret)
        await hsm.deleteKey(key.reference)
        await rejectsWith(aes.cmac(key, message), 'KEY_NOT_FOUND')
      })
    }

    test('messages beyond one command', async () => {
      const aes = hsm.secretKeys
      const key = await aes.generate(256, { label: 'long', id: fromHex('0A0E') })
      const iv = randomBytes(16)
      const plain = randomBytes(20_000)
      const cryptogram = await aes.encryptCbc(key, iv, plain)
      const count = channel.count
      assert.deepEqual(Buffer.from(await aes.decryptCbc(key, iv, cryptogram)), plain)
      assert.equal(channel.count - count, 1)
      // The MAC as the standard defines it, with the card's cipher only.
      const zero = new Uint8Array(16)
      const shifted = (block: Uint8Array) => {
        const value = BigInt(`0x${toHex(block)}`) << 1n
        const reduced = value >> 128n ? (value & ((1n << 128n) - 1n)) ^ 0x87n : value
        return fromHex(reduced.toString(16).padStart(32, '0'))
      }
      const complete = shifted(await aes.encryptCbc(key, zero, zero))
      for (const length of [1168, 1184, 1185, 1199, 1200, 1215, 1216, 1217, 1223, 1224, 2400, 5000]) {
        const input = plain.subarray(0, length)
        const whole = length % 16 === 0
        const padded = Buffer.alloc(Math.ceil((length + (whole ? 0 : 1)) / 16) * 16)
        padded.set(input)
        if (!whole) padded[length] = 0x80
        const mask = whole ? complete : shifted(complete)
        for (const [i, byte] of mask.entries()) padded[padded.length - 16 + i]! ^= byte
        const chained = await aes.encryptCbc(key, zero, padded)
        assert.deepEqual(await aes.cmac(key, input), chained.slice(-16), `${length} bytes`)
      }
    })

    test('limits of a key, and what it cannot do', async () => {
      const aes = hsm.secretKeys
      const limits = { label: 'limited', algorithms: [algorithm.aesCmac], useCounter: 2 }
      const key = await aes.generate(128, limits)
      assert.deepEqual([key.algorithms, key.useCounter], [[algorithm.aesCmac], 2])
      const block = new Uint8Array(16)
      await rejectsWith(aes.encryptCbc(key, block, block), 'ALGORITHM_NOT_ALLOWED')
      await rejectsWith(aes.derive(key, message), 'ALGORITHM_NOT_ALLOWED')
      await rejectsWith(aes.cmac(key, new Uint8Array(5000)), 'ALGORITHM_NOT_ALLOWED')
      await assert.rejects(aes.encryptCbc(key, block, message.subarray(1)), /wanted whole blocks of 16 bytes, got 15/)
      await assert.rejects(aes.decryptCbc(key, message.subarray(1), block), /wanted an initialisation vector of 16/)
      await aes.cmac(key, message)
      assert.equal((await keyOf(hsm, key.reference)).useCounter, 1)
      await aes.cmac(key, message)
      await rejectsWith(aes.cmac(key, message), 'KEY_EXHAUSTED')
      await rejectsWith(aes.generate(128, { label: 'taken', reference: key.reference }), 'REFERENCE_TAKEN')
      await hsm.logout()
      await rejectsWith(aes.cmac(key, message), 'NOT_LOGGED_IN')
      await rejectsWith(aes.generate(128, { label: 'no' }), 'NOT_LOGGED_IN')
      assert.deepEqual(await hsm.verifyPin(pin), { status: 'verified' })
    })
  })

  describe('derived EC keys', () => {
    let hsm: SmartCardHsm
    let channel: Watched
    before(async () => {
      ;({ hsm, channel } = await unlocked())
    })
    after(() => channel.close())

    for (const curve of ['secp256r1', 'secp521r1', 'brainpoolP256r1', 'secp256k1']) {
      test(`${curve}: derive, sign, agree`, async () => {
        const key = await hsm.generateKeyPair({ kind: 'ec', curve }, { label: 'master' })
        const parameter = randomBytes(40)
        const derived = await hsm.deriveKey(key, parameter, { label: 'derived' })
        assert.deepEqual([derived.kind, derived.curve, derived.label, derived.warnings], ['EC', curve, 'derived', []])
        assert.deepEqual(await keyOf(hsm, derived.reference), derived)
        const publicKey = publicKeyObject(derived.publicKey!)
        const hash = createHash('sha256').update(message).digest()
        assert.ok(verify('sha256', message, publicKey, await hsm.signHash(derived, 'ECDSA', hash)))
        // The same again is the same key.
        const again = await hsm.deriveKey(key, parameter, { label: 'again' })
        assert.deepEqual(again.id, derived.id)
        const shared = await hsm.ecdh(again, derived.publicKey!.kind === 'ec' ? derived.publicKey!.q : message)
        assert.deepEqual(await hsm.ecdh(derived, again.publicKey!.kind === 'ec' ? again.publicKey!.q : message), shared)
      })
    }

    test('a key that may not sign: its public key is not stored', async () => {
      const algorithms = [algorithm.ecDerive, algorithm.ecdh]
      const key = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'agrees', algorithms })
      const derived = await hsm.deriveKey(key, message, { label: 'agrees, too', id: fromHex('77') })
      assert.deepEqual([derived.publicKey, toHex(derived.id), derived.bits], [undefined, '77', 256])
      assert.deepEqual(derived.algorithms, algorithms)
      await rejectsWith(hsm.readCertificate(derived.reference), 'FILE_NOT_FOUND')
      await assert.rejects(
        hsm.deriveKey(derived, message, { label: 'no' }),
        /wanted an EC key whose public key is known/,
      )
    })

    test('a key that may not be derived from', async () => {
      const algorithms = [algorithm.ecdsa]
      const key = await hsm.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'signs', algorithms })
      await rejectsWith(hsm.deriveKey(key, message, { label: 'no' }), 'ALGORITHM_NOT_ALLOWED')
      assert.ok(!(await hsm.inventory()).keys.some(({ label }) => label === 'no'))
    })
  })

  describe('AES keys that are known', () => {
    const { key: share, aesKey, aesBlob } = vectors<{ computed: Record<string, string> }>('key-domains.json').computed
    const { iv, plaintext, keys } = vectors<AesExamples>('aes.json')
    let hsm: SmartCardHsm
    let channel: Channel
    before(async () => {
      channel = await backend.open()
      const fresh = await SmartCardHsm.open(channel, { roots: backend.roots })
      await fresh.initialize({ soPin, userPin: pin, dkekShares: 1 })
      await fresh.verifyPin(pin)
      const kek = keyEncryptionKey(fromHex(share!))
      const blobs = keys.map(({ key }) =>
        wrapKey(kek, { material: { kind: 'aes', key: fromHex(key) }, algorithms: new Uint8Array() }),
      )
      const answers = await channel.transmit([
        ImportKeyShare.encodeRequest({ index: 0 }, fromHex(share!)),
        ...[fromHex(aesBlob!), ...blobs].map((blob, i) => UnwrapKey.encodeRequest({ key: i + 1 }, blob)),
      ])
      for (const answer of answers) assert.equal(toHex(answer.slice(-2)), '9000')
      hsm = await SmartCardHsm.open(channel, { roots: backend.roots, keepLogIn: true })
      if (secure) await hsm.openSecureChannel()
    })
    after(() => channel.close())

    test('CBC and CMAC: the examples of the standards', async () => {
      for (const [index, { cryptogram, macs }] of keys.entries()) {
        const key = await keyOf(hsm, index + 2)
        const encrypted = await hsm.secretKeys.encryptCbc(key, fromHex(iv), fromHex(plaintext))
        assert.equal(toHex(encrypted), cryptogram)
        assert.equal(toHex(await hsm.secretKeys.decryptCbc(key, fromHex(iv), encrypted)), plaintext)
        for (const { length, mac } of macs) {
          assert.equal(toHex(await hsm.secretKeys.cmac(key, fromHex(plaintext).subarray(0, length))), mac)
        }
      }
    })

    test('a key that was wrapped elsewhere: node:crypto computes the same', async () => {
      const key = await keyOf(hsm, 1)
      assert.deepEqual(key.algorithms, [0x10, 0x11, 0x18, 0x99])
      const text = randomBytes(16 * 200)
      const cipher = createCipheriv('aes-256-cbc', fromHex(aesKey!), fromHex(iv)).setAutoPadding(false)
      const encrypted = await hsm.secretKeys.encryptCbc(key, fromHex(iv), text)
      assert.deepEqual(Buffer.from(encrypted), cipher.update(text))
      // One-step derivation of NIST SP 800-56C, as the emulated card has it; a real card may have another.
      const secret = createHash('sha256')
        .update(fromHex(`00000001${aesKey}`))
        .update('label')
        .digest()
      assert.deepEqual(Buffer.from(await hsm.secretKeys.derive(key, Buffer.from('label'))), secret)
    })
  })
}
