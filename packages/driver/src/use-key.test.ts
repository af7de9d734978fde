import assert from 'node:assert/strict'
import { constants, createHash, generateKeyPairSync, privateDecrypt, publicEncrypt, verify } from 'node:crypto'
import { test } from 'node:test'
import { algorithm, decodeCommand } from '@keytether/card'
import { concat, fromHex, toHex } from '@keytether/codec'
import { type ScriptedCard, scriptedCard } from '@keytether/test/scripted-card'
import type { DriverError } from './errors.ts'
import { Link } from './link.ts'
import type { KeyInfo } from './types.ts'
import { decipher, decrypt, ecdh, sign, signHash } from './use-key.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const message = Buffer.from('of this and that')
const hash = createHash('sha256').update(message).digest()
const ok = fromHex('9000')

const common = { reference: 2, id: Uint8Array.of(2), label: 'a key', algorithms: [], warnings: [] }
const rsa: KeyInfo = { ...common, kind: 'RSA', bits: 2048 }
const ec: KeyInfo = { ...common, kind: 'EC', bits: 256 }

function link(channel: ScriptedCard): Link {
  return new Link(channel, 1232)
}

/** Does the private operation on whatever comes. */
function rsaCard(): ScriptedCard {
  return scriptedCard(command =>
    concat(privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, decodeCommand(command).data), ok),
  )
}

function answering(answer: string): ScriptedCard {
  return scriptedCard(() => fromHex(answer))
}

test('ECDSA: one command with the hash, short', async () => {
  const channel = answering('3006 020101 020102 9000')
  assert.equal(toHex(await signHash(link(channel), ec, 'ECDSA', hash)), '3006020101020102')
  assert.deepEqual(
    channel.transmissions.map(batch => batch.map(toHex)),
    [[`8068027020${toHex(hash)}00`]],
  )
})

const derCases: [string, string, string][] = [
  ['as it should be', '3007 02020080 020102', '300702020080020102'],
  ['zeros too many', '300A 02040000007F 02020002', '300602017f020102'],
  ['zero itself', '3006 020100 020100', '3006020100020100'],
  ['a length in long form', '308106 020101 020102', '3006020101020102'],
]
for (const [name, answer, signature] of derCases) {
  test(`ECDSA signature: ${name}`, async () => {
    assert.equal(toHex(await sign(link(answering(`${answer} 9000`)), 1, algorithm.ecdsa, hash)), signature)
  })
}

test('ECDSA: an answer that is no signature', async () => {
  for (const answer of ['9000', '3003020101 9000', '3006020101030102 9000']) {
    const signing = sign(link(answering(answer)), 1, algorithm.ecdsa, hash)
    await assert.rejects(signing, (error: DriverError) => error.code === 'MALFORMED')
  }
})

test('RSA PKCS #1 v1.5: padded here, one command', async () => {
  const channel = rsaCard()
  const signature = await signHash(link(channel), rsa, 'RSA_PKCS1', hash)
  assert.ok(verify('sha256', message, publicKey, signature))
  const commands = channel.transmissions.flat().map(decodeCommand)
  assert.deepEqual(
    commands.map(({ ins, p1, p2, le }) => [ins, p1, p2, le]),
    [[0x68, 2, algorithm.rsaRaw, 512]],
  )
})

test('RSA PKCS #1 v1.5: padded by the card where the key allows only that', async () => {
  const channel = answering('00 9000')
  await signHash(link(channel), { ...rsa, algorithms: [algorithm.rsaPkcs1] }, 'RSA_PKCS1', hash)
  const [command] = channel.transmissions.flat().map(decodeCommand)
  assert.equal(command!.p2, algorithm.rsaPkcs1)
  assert.equal(toHex(command!.data), `3031300d060960864801650304020105000420${toHex(hash)}`)
})

test('RSA PSS: the hash', async () => {
  const channel = answering('00 9000')
  await signHash(link(channel), rsa, 'RSA_PSS', hash)
  const [command] = channel.transmissions.flat().map(decodeCommand)
  assert.deepEqual([command!.p2, toHex(command!.data)], [algorithm.rsaPss, toHex(hash)])
})

test('what cannot be signed is not sent', async () => {
  const channel = answering('9000')
  await assert.rejects(signHash(link(channel), rsa, 'ECDSA', hash), /ECDSA needs an EC key, a key is an RSA key/)
  await assert.rejects(signHash(link(channel), ec, 'RSA_PSS', hash), RangeError)
  await assert.rejects(signHash(link(channel), rsa, 'RSA_PSS', new Uint8Array(31)), RangeError)
  await assert.rejects(signHash(link(channel), ec, 'ECDSA', new Uint8Array()), RangeError)
  await assert.rejects(signHash(link(channel), { ...rsa, bits: 0 }, 'RSA_PKCS1', hash), RangeError)
  assert.equal(channel.transmissions.length, 0)
})

const refusals: [string, string][] = [
  ['6982', 'NOT_LOGGED_IN'],
  ['6A82', 'KEY_NOT_FOUND'],
  ['6984', 'KEY_EXHAUSTED'],
  ['6A81', 'ALGORITHM_NOT_ALLOWED'],
  ['6A80', 'WRONG_DATA'],
  ['6700', 'WRONG_DATA'],
  ['6A86', 'NOT_SUPPORTED'],
]
for (const [answer, code] of refusals) {
  test(`${answer} is ${code}`, async () => {
    const using = [
      sign(link(answering(answer)), 1, algorithm.ecdsa, hash),
      decipher(link(answering(answer)), 1, algorithm.ecdh, hash),
    ]
    for (const use of using) await assert.rejects(use, (error: DriverError) => error.code === code)
  })
}

test('decrypting PKCS #1 v1.5 and OAEP', async () => {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const pkcs1 = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, message)
  const oaep = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, message)
  const oaep1 = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha1', oaepLabel: Buffer.from('x') }, message)
  const card = link(rsaCard())
  const plain = [
    await decrypt(card, rsa, { kind: 'PKCS1' }, pkcs1),
    await decrypt(card, rsa, { kind: 'OAEP' }, oaep),
    await decrypt(card, rsa, { kind: 'OAEP', hash: 'sha1', label: Buffer.from('x') }, oaep1),
  ]
  for (const each of plain) assert.deepEqual(Buffer.from(each), message)
})

test('decrypting: all that can be wrong with a cryptogram reads the same', async () => {
  const card = link(rsaCard())
  const messages = new Set<string>()
  for (const kind of ['PKCS1', 'OAEP'] as const) {
    const cryptogram = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, Buffer.alloc(256, 1))
    await assert.rejects(decrypt(card, rsa, { kind }, cryptogram), (error: DriverError) => {
      messages.add(`${error.code} ${error.message}`)
      return true
    })
  }
  assert.equal(messages.size, 1)
})

test('decrypting: zeros at the front that the card leaves out', async () => {
  const block = fromHex(`02${'ff'.repeat(251)}00${toHex(Buffer.from('hi'))}`)
  const channel = scriptedCard(() => concat(block, ok))
  const plain = await decrypt(link(channel), rsa, { kind: 'PKCS1' }, new Uint8Array(256))
  assert.equal(Buffer.from(plain).toString(), 'hi')
})

test('decrypting on the card where the key allows only that', async () => {
  const channel = answering('6869 9000')
  const only = (id: number) => ({ ...rsa, algorithms: [id] })
  const cryptogram = new Uint8Array(256)
  await decrypt(link(channel), only(algorithm.rsaPkcs1Decipher), { kind: 'PKCS1' }, cryptogram)
  await decrypt(link(channel), only(algorithm.rsaOaepDecipher), { kind: 'OAEP' }, cryptogram)
  assert.deepEqual(
    channel.transmissions.flat().map(command => command[3]),
    [algorithm.rsaPkcs1Decipher, algorithm.rsaOaepDecipher],
  )
  const sha1 = decrypt(link(channel), only(algorithm.rsaOaepDecipher), { kind: 'OAEP', hash: 'sha1' }, cryptogram)
  await assert.rejects(sha1, (error: DriverError) => error.code === 'ALGORITHM_NOT_ALLOWED')
})

test('ECDH: with y and without', async () => {
  const point = `04${'11'.repeat(64)}`
  const x = '22'.repeat(32)
  for (const answer of [`04${x}${'33'.repeat(32)}`, `04${x}`]) {
    const channel = answering(`${answer} 9000`)
    assert.equal(toHex(await ecdh(link(channel), ec, fromHex(point))), x)
    assert.equal(toHex(channel.transmissions[0]![0]!), `8062028041${point}00`)
  }
  for (const answer of ['', x, `05${x}`, `04${x}33`]) {
    const agreeing = ecdh(link(answering(`${answer} 9000`)), ec, fromHex(point))
    await assert.rejects(agreeing, (error: DriverError) => error.code === 'MALFORMED')
  }
  await assert.rejects(ecdh(link(answering('9000')), ec, fromHex(`02${x}`)), RangeError)
})
