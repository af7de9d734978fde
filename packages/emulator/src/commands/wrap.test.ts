/** Keys that leave one card and enter another, and what is refused on the way. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  algorithm,
  curves,
  fid,
  GenerateKeyPair,
  keyAlgorithm,
  keyEncryptionKey,
  materialOfPrivateKey,
  UnwrapKey,
  UpdateBinary,
  unwrapKey,
  WrapKey,
  WrappedKeyFile,
  wrapKey,
} from '@keytether/card'
import { decode, fromHex, toHex } from '@keytether/codec'
import { apdu, type EmulatedToken, emulatedToken, exchanges, pin, soPin } from '@keytether/test/emulated-token'
import { vectors } from '@keytether/test/vectors'

const { real } = vectors<{ real: Record<string, string> }>('key-domains.json')
const key = fromHex(real.share!)
const kek = keyEncryptionKey(key)
const initialize = `805000001C 80020001 8106${pin} 8208${soPin} 910103 920101`
const share = `8052000020 ${real.share} 00`

/** A token whose only domain has the key of the real device's. */
async function token(): Promise<EmulatedToken> {
  const opened = await emulatedToken('selected')
  for (const command of [initialize, share, apdu.verify]) assert.match(await opened.send(command), /9000$/)
  return opened
}

async function wrap({ emulator }: EmulatedToken, reference: number): Promise<Uint8Array> {
  const [response] = await emulator.transmit([WrapKey.encodeRequest({ key: reference }, undefined)])
  const outcome = WrapKey.decodeResponse(response!)
  assert.ok(outcome.status === 'ok', outcome.status)
  return outcome.data
}

async function unwrap({ emulator }: EmulatedToken, reference: number, blob: Uint8Array): Promise<string> {
  const [response] = await emulator.transmit([UnwrapKey.encodeRequest({ key: reference }, blob)])
  return UnwrapKey.decodeResponse(response!).status
}

describe('from one card to another, which signs with it', () => {
  const hash = '5a'.repeat(32)
  const publicKeyOf = async ({ send }: EmulatedToken) => send('00B1CE01 0000 04 54020000 0000')
  for (const { name, domain } of curves) {
    test(name, async () => {
      const [from, to] = [await token(), await token()]
      const parameters = { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain } as const
      const generate = GenerateKeyPair.encodeRequest(
        { key: 1, signingKey: 0 },
        { profile: 0, parameters, holderReference: 'ZZTEST00001' },
        { le: undefined },
      )
      assert.equal(await from.send(toHex(generate)), '9000')
      assert.match(await publicKeyOf(from), /^67/)
      const blob = await wrap(from, 1)
      assert.equal(await unwrap(to, 7, blob), 'ok')
      const again = unwrapKey(kek, await wrap(to, 7))
      assert.deepEqual(again, unwrapKey(kek, blob))
      assert.match(await to.send(`80680770 20 ${hash} 00`), /9000$/)
    })
  }

  for (const bits of [1024, 1536, 2048, 3072, 4096]) {
    test(`RSA-${bits}`, async () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
      const to = await token()
      const sent = {
        material: materialOfPrivateKey(privateKey),
        algorithms: Uint8Array.of(algorithm.wrap, algorithm.rsaPkcs1Sha256),
      }
      assert.equal(await unwrap(to, 1, wrapKey(kek, sent)), 'ok')
      assert.deepEqual(unwrapKey(kek, await wrap(to, 1)), { ok: true, ...sent })
      assert.match(await to.send(`80680133 000020 ${hash} 0200`), /9000$/)
      assert.equal(await to.send(`80680130 000020 ${hash} 0200`), '6A81')
    })
  }

  test('AES, with what it may be used for, and how often', async () => {
    const [from, to] = [await token(), await token()]
    assert.equal(await from.send('004801B2 05 9103 101892'), '9000')
    assert.equal(await unwrap(to, 2, await wrap(from, 1)), 'ok')
    assert.match(await to.send('00A4000002CC0200'), /A50891031018929201009000$/)
    const mac = '80780118 03 010203 00'
    assert.equal(await from.send(mac), await to.send(mac.replace('807801', '807802')))
  })
})

test('a key of a real device, whose share is imported', async () => {
  const to = await token()
  const { blob } = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!))
  assert.equal(await unwrap(to, 1, blob), 'ok')
  const unwrapped = unwrapKey(kek, await wrap(to, 1))
  assert.ok(unwrapped.ok && unwrapped.material.kind === 'ec')
  assert.equal(toHex(unwrapped.material.d), real.privateNumber)
})

test('the key check value says which of several domains', async () => {
  const { send, emulator } = await emulatedToken('selected')
  await send(`805000001C 80020001 8106${pin} 8208${soPin} 910103 970103`)
  await send(apdu.verify)
  for (const index of ['00', '02']) await send(`805201${index}01 01 00`)
  await send(`8052000020 ${'11'.repeat(32)} 00`)
  await send(`8052000220 ${real.share} 00`)
  const aes = { material: { kind: 'aes', key: new Uint8Array(16) }, algorithms: new Uint8Array() } as const
  assert.equal(await unwrap({ emulator, send }, 1, wrapKey(kek, aes)), 'ok')
  assert.match(await send('00A4000002CC0100'), /A50591009201029000$/)
})

const aesBlob = toHex(
  wrapKey(kek, { material: { kind: 'aes', key: new Uint8Array(16) }, algorithms: Uint8Array.of(algorithm.aesCmac) }),
)
const aesLength = (aesBlob.length / 2).toString(16)
const altered = aesBlob.slice(0, -2) + (aesBlob.endsWith('00') ? '01' : '00')
const other = toHex(
  wrapKey(keyEncryptionKey(new Uint8Array(32)), {
    material: { kind: 'aes', key: new Uint8Array(16) },
    algorithms: new Uint8Array(),
  }),
)
const scratch = (hex: string) =>
  toHex(UpdateBinary.encodeRequest({ fid: fid.scratch }, { offset: 0, data: fromHex(hex) }))

exchanges('refused', 'powered', [
  ['not selected', '80720192000000', '6D00'],
  ['not selected', '80740193', '6D00'],
  ['select', apdu.select, /9000$/],
  ['wrap, not initialised', '80720192000000', '6982'],
  ['initialise', initialize, '9000'],
  ['wrap, no PIN', '80720192000000', '6982'],
  ['unwrap, no PIN', `80740193 ${aesLength} ${aesBlob}`, '6982'],
  ['log in', apdu.verify, '9000'],
  ['a key', '004801B0', '9000'],
  ['wrap, the share is missing', '80720192000000', '6A88'],
  ['unwrap, the share is missing', `80740293 ${aesLength} ${aesBlob}`, '6A88'],
  ['the share', share, /9000$/],
  ['wrap, no such key', '80720292000000', '6A82'],
  ['wrap the device key', '80720092000000', '6A81'],
  ['wrap by another algorithm', '80720193000000', '6A86'],
  ['wrap with data', '80720192 01 00 00', '6700'],
  ['wrap, too little room for the answer', '80720192 10', '6700'],
  ['unwrap by another algorithm', `80740292 ${aesLength} ${aesBlob}`, '6A86'],
  ['unwrap as the device key', `80740093 ${aesLength} ${aesBlob}`, '6A86'],
  ['unwrap where there is a key', `80740193 ${aesLength} ${aesBlob}`, '6A89'],
  ['unwrap what was altered', `80740293 ${aesLength} ${altered}`, '6A80'],
  ['unwrap what is from another domain', `80740293 ${(other.length / 2).toString(16)} ${other}`, '6A80'],
  ['unwrap what is no key', '80740293 03 010203', '6A80'],
  ['unwrap out of the scratch file: there is none', '80740293', '6A82'],
  ['to the scratch file', scratch(aesBlob), '9000'],
  ['out of it', '80740293', '9000'],
  ['which is gone then', '80740393', '6A82'],
  ['to the scratch file: altered', scratch(altered), '9000'],
  ['out of it', '80740393', '6A80'],
  ['which is gone as well', '80740393', '6A82'],
  ['wrap again what may not be wrapped', '80720292000000', '6A81'],
  ['the keys', '80580000 000000', 'CC00 2F02 CC01 CC02 9000'],
])

exchanges('without domains', 'loggedIn', [
  ['wrap', '80720192000000', '6D00'],
  ['unwrap', `80740293 ${aesLength} ${aesBlob}`, '6D00'],
])
