import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat, decode, encode, fromHex, toHex } from '@keytether/codec'
import { rejects } from '@keytether/test/tables'
import { vectors } from '@keytether/test/vectors'
import fc from 'fast-check'
import { AesCbc, cmac } from '../aes.ts'
import { curveByName, curves } from '../cvc/curves.ts'
import { keyEncryptionKey } from './dkek.ts'
import { KeyBlob, unwrapKey, wrapKey } from './key-blob.ts'
import { type KeyMaterial, saltedMaterial } from './key-material.ts'
import { materialOfPrivateKey, privateKeyOfMaterial } from './material-key.ts'
import { WrappedKeyFile } from './wrapped-key-file.ts'

const { real, computed } = vectors<Record<'real' | 'computed', Record<string, string>>>('key-domains.json')
const realKek = keyEncryptionKey(fromHex(real.share!))
const zeroKek = keyEncryptionKey(fromHex(computed.key!))
const algorithms = fromHex(computed.aesAlgorithms!)
const none = new Uint8Array()

describe('a key that a real device has wrapped', () => {
  const { blob } = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!))

  test('its header', () => {
    const { ciphertext, mac, ...header } = decode(KeyBlob, blob)
    assert.deepEqual(header, {
      keyCheckValue: fromHex(real.keyCheckValue!),
      type: 'ec',
      algorithm: fromHex('04007f00070202020203'),
      algorithms: none,
      accessConditions: none,
      keyIdentifier: none,
    })
    assert.deepEqual([ciphertext.length, mac.length], [320, 16])
  })

  test('the key', () => {
    const unwrapped = unwrapKey(realKek, blob)
    assert.ok(unwrapped.ok && unwrapped.material.kind === 'ec')
    const { d, q, domain } = unwrapped.material
    assert.equal(toHex(d), real.privateNumber)
    assert.equal(toHex(q), real.publicPoint)
    assert.deepEqual(domain, curveByName('secp256k1').domain)
    assert.deepEqual(materialOfPrivateKey(privateKeyOfMaterial(unwrapped.material)), unwrapped.material)
  })

  test('any byte altered: not believed', () => {
    for (let at = 0; at < blob.length; at++) {
      const altered = blob.with(at, blob[at]! ^ 0x40)
      const outcome = unwrapKey(realKek, altered)
      assert.ok(!outcome.ok)
      if (at < 8) assert.equal(outcome.reason, 'otherDomain')
      if (at >= 27) assert.equal(outcome.reason, 'wrongMac')
    }
  })

  test('under another domain: that is said', () => {
    assert.deepEqual(unwrapKey(zeroKek, blob), { ok: false, reason: 'otherDomain' })
  })
})

describe('computed blobs', () => {
  const salt = fromHex(computed.salt!)
  const aes: KeyMaterial = { kind: 'aes', key: fromHex(computed.aesKey!) }
  const { domain } = curveByName('brainpoolP256r1')
  const ec = unwrapKey(zeroKek, fromHex(computed.ecBlob!))

  test('AES: written', () =>
    assert.equal(toHex(wrapKey(zeroKek, { material: aes, algorithms }, salt)), computed.aesBlob))
  test('AES: read', () => {
    assert.deepEqual(unwrapKey(zeroKek, fromHex(computed.aesBlob!)), { ok: true, material: aes, algorithms })
  })
  test('EC: read', () => {
    assert.ok(ec.ok && ec.material.kind === 'ec')
    assert.deepEqual(ec.material.domain, domain)
    assert.equal(BigInt(`0x${toHex(ec.material.d)}`), BigInt(`0x${computed.ecPrivateNumber}`))
    assert.equal(privateKeyOfMaterial(ec.material).asymmetricKeyDetails?.namedCurve, 'brainpoolP256r1')
  })
  test('EC: written', () => {
    assert.ok(ec.ok)
    assert.equal(toHex(wrapKey(zeroKek, ec, salt)), computed.ecBlob)
  })
})

describe('every kind of key, there and back', () => {
  const keys = [
    ...curves.map(
      ({ nodeName }) => [nodeName, generateKeyPairSync('ec', { namedCurve: nodeName }).privateKey] as const,
    ),
    ...[1024, 1536, 2048, 3072, 4096].map(
      modulusLength => [`RSA-${modulusLength}`, generateKeyPairSync('rsa', { modulusLength }).privateKey] as const,
    ),
  ]
  for (const [name, key] of keys) {
    test(name, () => {
      const material = materialOfPrivateKey(key)
      const unwrapped = unwrapKey(realKek, wrapKey(realKek, { material, algorithms: none }))
      assert.deepEqual(unwrapped, { ok: true, material, algorithms: none })
      assert.ok(unwrapped.ok && privateKeyOfMaterial(unwrapped.material).equals(key))
    })
  }
  test('AES, and what it may be used for', () => {
    const sized = fc.constantFrom(16, 24, 32).chain(size => fc.uint8Array({ minLength: size, maxLength: size }))
    fc.assert(
      fc.property(sized, fc.uint8Array({ maxLength: 16 }), (key, algorithms) => {
        const unwrapped = { material: { kind: 'aes', key }, algorithms } as const
        assert.deepEqual(unwrapKey(realKek, wrapKey(realKek, unwrapped)), { ok: true, ...unwrapped })
      }),
    )
  })
  test('equal keys do not look equal', () => {
    const key = { material: { kind: 'aes', key: new Uint8Array(16) }, algorithms } as const
    assert.notDeepEqual(wrapKey(realKek, key), wrapKey(realKek, key))
  })
  test('what is no key of a card cannot be wrapped', () => {
    const material = { kind: 'aes', key: new Uint8Array(20) } as const
    assert.throws(() => wrapKey(realKek, { material, algorithms }), RangeError)
    assert.throws(() => materialOfPrivateKey(generateKeyPairSync('ed25519').privateKey), RangeError)
    assert.throws(
      () => materialOfPrivateKey(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey),
      RangeError,
    )
  })
})

/** A blob of a kind around content of any form, as long as it is whole blocks. */
function sealed(type: KeyMaterial['kind'], plain: string, oid = '6086480165030401'): Uint8Array {
  const blob = {
    keyCheckValue: zeroKek.keyCheckValue,
    type,
    algorithm: fromHex(oid),
    algorithms: none,
    accessConditions: none,
    keyIdentifier: none,
    ciphertext: new AesCbc(zeroKek.encryption).encrypt(new Uint8Array(16), fromHex(plain)),
    mac: new Uint8Array(16),
  }
  const mac = cmac(zeroKek.authentication)(encode(KeyBlob, blob).subarray(0, -16))
  return encode(KeyBlob, { ...blob, mac })
}

describe('what other cards write', () => {
  const salt = '0001020304050607'
  const key = '00'.repeat(16)
  const rows: readonly (readonly [name: string, blob: Uint8Array, ok: boolean])[] = [
    [
      'the first byte of the AES identifier is wrong (3.0 to 3.2)',
      sealed('aes', `${salt}0010${key}80 0000000000`, '0086480165030401'),
      true,
    ],
    ['a block of padding', sealed('aes', `${salt}0010${key}80 0000000000`), true],
    ['a secret key of 20 bytes', sealed('aes', `${salt}0014${key}00000000 8000`), false],
    ['a secret key beyond the end', sealed('aes', `${salt}0020${key}80 0000000000`), false],
    ['padding with something in it', sealed('aes', `${salt}0010${key}80 0000000001`), false],
    ['no padding where there should be', sealed('aes', `${salt}0010${key}00 0000000000`), false],
    ['more than a block of padding', sealed('aes', `${salt}0010${key}80 0000000000${'00'.repeat(16)}`), false],
    ['an RSA key without numbers', sealed('rsa', `${salt}0400 000000000000${'00'.repeat(16)}`), false],
    ['numbers beyond the end', sealed('rsa', `${salt}0400 ffff00000000${'00'.repeat(16)}`), false],
  ]
  for (const [name, blob, ok] of rows) {
    test(`${ok ? 'taken' : 'refused'}: ${name}`, () => {
      const unwrapped = unwrapKey(zeroKek, blob)
      assert.ok(unwrapped.ok === ok && (unwrapped.ok || unwrapped.reason === 'malformed'))
    })
  }

  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const crt = materialOfPrivateKey(privateKey) as KeyMaterial & { kind: 'rsaCrt' }
  const exponent = new Uint8Array(Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url'))
  // One in 256 is shorter than the modulus.
  const d = concat(new Uint8Array(crt.n.length - exponent.length), exponent)

  test('no padding where the numbers end with a block (pico-hsm)', () => {
    // 8 + 2 + 2 + 256 + 2 + 256 + 2 + e is whole blocks for an exponent of 16 bytes.
    const material = {
      kind: 'rsa',
      n: crt.n,
      e: concat(new Uint8Array(13), crt.e),
      d,
    } as const
    const padded = encode(saltedMaterial('rsa'), { salt: new Uint8Array(8), material })
    const bare = padded.subarray(0, -16)
    assert.deepEqual(padded.subarray(-16), Uint8Array.of(0x80, ...new Uint8Array(15)))
    const unwrapped = unwrapKey(zeroKek, sealed('rsa', toHex(bare)))
    assert.deepEqual(unwrapped, { ok: true, material, algorithms: none })
  })

  test('an RSA key by its exponent alone', () => {
    const material = { kind: 'rsa', n: crt.n, e: crt.e, d } as const
    const unwrapped = unwrapKey(zeroKek, wrapKey(zeroKek, { material, algorithms: none }))
    assert.ok(unwrapped.ok)
    const again = privateKeyOfMaterial(unwrapped.material)
    assert.ok(again.equals(privateKey))
    assert.deepEqual((materialOfPrivateKey(again) as typeof crt).n, crt.n)
  })

  test('numbers of a curve without their zeros in front', () => {
    const { domain } = curveByName('secp256k1')
    const key = materialOfPrivateKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey)
    assert.ok(key.kind === 'ec')
    const short = { ...key, domain: { ...domain, a: none, b: Uint8Array.of(7) } }
    const unwrapped = unwrapKey(zeroKek, wrapKey(zeroKek, { material: short, algorithms: none }))
    assert.ok(unwrapped.ok)
    assert.deepEqual(materialOfPrivateKey(privateKeyOfMaterial(unwrapped.material)), key)
  })
})

describe('numbers that do not belong together', () => {
  const key = materialOfPrivateKey(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
  const other = materialOfPrivateKey(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
  const rsa = materialOfPrivateKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)
  assert.ok(key.kind === 'ec' && other.kind === 'ec' && rsa.kind === 'rsaCrt')
  const bad: Record<string, KeyMaterial> = {
    'another public point': { ...key, q: other.q },
    'another curve': { ...key, domain: curveByName('brainpoolP256r1').domain },
    'another base point': { ...key, domain: { ...key.domain, g: other.q } },
    'a private number of 0': { ...key, d: new Uint8Array(32) },
    'a private number as large as the order': { ...key, d: key.domain.n },
    'no private number': { ...key, d: none },
    'another prime': { ...rsa, p: rsa.q },
    'a prime of 1': { ...rsa, p: Uint8Array.of(1), q: rsa.n },
    'an even public exponent': { ...rsa, e: Uint8Array.of(2) },
    'no public exponent': { ...rsa, e: none },
    'another private exponent': { kind: 'rsa', n: rsa.n, e: rsa.e, d: new Uint8Array(randomBytes(128)) },
    'no private exponent': { kind: 'rsa', n: rsa.n, e: rsa.e, d: none },
    'no modulus': { kind: 'rsa', n: none, e: rsa.e, d: rsa.n },
  }
  for (const [name, material] of Object.entries(bad)) {
    test(name, () => assert.throws(() => privateKeyOfMaterial(material), /DecodeError/))
  }
  test('wrong exponents of the Chinese remainder theorem are not used', () => {
    const again = materialOfPrivateKey(privateKeyOfMaterial({ ...rsa, dp: none, dq: rsa.q, qInv: Uint8Array.of(1) }))
    assert.deepEqual(again, rsa)
  })
})

describe('framing', () => {
  const blob = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!)).blob
  const hex = toHex(blob)
  rejects(KeyBlob, [
    ['nothing', '', /wanted 8 bytes/],
    ['another type', `${hex.slice(0, 16)}07${hex.slice(18)}`, /07 is none of 05 rsa, 06 rsaCrt, 0C ec, 0F aes/],
    ['an identifier beyond the end', `${hex.slice(0, 18)}ffff${hex.slice(22)}`, /wanted 65535 bytes/],
    ['17 algorithms', `${hex.slice(0, 42)}0011${'10'.repeat(17)}${hex.slice(46)}`, /wanted 0 to 16 bytes, got 17/],
    ['no whole blocks', hex.slice(0, -2), /wanted blocks of 16 bytes, got 335 bytes/],
    ['a MAC and nothing more', `${hex.slice(0, 54)}${'00'.repeat(16)}`, /wanted 48 to 4112 bytes, got 16/],
  ])
})
