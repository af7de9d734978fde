import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { bothWays, rejects } from '@keytether/test/tables'
import { deriveKey } from './derive-key.ts'
import { hashAgain } from './md5.ts'
import { createShareFile, readShareFile, ShareFile } from './share-file.ts'

// Made by sc-hsm-tool; published in davidbarkhuizen/nitrokey-hsm.
const published = {
  file: '53616c7465645f5f3b2b00cce8b70b2b7f0d0b632c92f3cbdd2e91f3f4f1f65593c2afd11409a9990b89aec513664b5c36e57ce8af10746eed02442be23209b9',
  password: 'passwordpassword',
  share: '2848cb6e994f5a00c365c3c255ed130512ce1eb06bf08d348eeb8b2f866e3e50',
}
const utf8 = (text: string) => new TextEncoder().encode(text)
const [salt, ciphertext] = ['3b2b00cce8b70b2b', published.file.slice(32)]

bothWays(ShareFile, [['published', { salt: fromHex(salt), ciphertext: fromHex(ciphertext) }, published.file]])
rejects(ShareFile, [
  ['cut short', published.file.slice(0, -2), /wanted 48 bytes, 47 left/],
  ['longer', `${published.file}00`, /1 bytes left over/],
  ['of another kind', published.file.replace('53', '54'), /wanted 53616c7465645f5f, got 54616c7465645f5f/],
])

test('MD5 of a digest, again and again, is what Node computes', () => {
  let digest = new Uint8Array(16).fill(0xa5)
  const start = digest
  for (const times of [0, 1, 2, 100, 1000]) {
    digest = start
    for (let i = 0; i < times; i++) digest = new Uint8Array(hash('md5', digest, 'buffer'))
    assert.equal(toHex(hashAgain(start, times)), toHex(digest), `${times} times`)
  }
})

test('one round is what `openssl enc -md md5` derives', async () => {
  const { key, iv } = await deriveKey({ password: utf8('secret'), salt: fromHex('0102030405060708'), rounds: 1 })
  const chain = (...parts: Uint8Array[]) => hash('md5', Buffer.concat(parts), 'buffer')
  const seed = [utf8('secret'), fromHex('0102030405060708')]
  const first = chain(...seed)
  const second = chain(first, ...seed)
  assert.equal(toHex(key), toHex(Buffer.concat([first, second])))
  assert.equal(toHex(iv), toHex(chain(second, ...seed)))
})

test('a published file gives its share, and to another password none', async () => {
  const right = await readShareFile(fromHex(published.file), utf8(published.password))
  assert.equal(right.status === 'ok' && toHex(right.share), published.share)
  const wrong = await readShareFile(fromHex(published.file), utf8('Passwordpassword'))
  assert.deepEqual(wrong, { status: 'wrongPassword' })
})

test('what is written is read', async () => {
  const share = fromHex(published.share)
  const dones: number[] = []
  const file = await createShareFile(share, utf8('pässwörd'), { progress: done => dones.push(done) })
  assert.deepEqual(await readShareFile(file, utf8('pässwörd')), { status: 'ok', share })
  assert.deepEqual(
    dones,
    dones.toSorted((a, b) => a - b),
  )
  assert.equal(dones.at(-1), 1)
})

test('files that are none are told at once', async () => {
  const read = (hex: string) => readShareFile(fromHex(hex), utf8('secret'))
  await assert.rejects(read(published.file.slice(2)), { code: 'NOT_A_SHARE_FILE', message: /starts? with "Salted__"/ })
  await assert.rejects(read(`${published.file}0a`), { code: 'NOT_A_SHARE_FILE', message: /65 bytes instead of 64/ })
  await assert.rejects(read(''), { code: 'NOT_A_SHARE_FILE', message: /0 bytes instead of 64/ })
  await assert.rejects(createShareFile(new Uint8Array(16), utf8('secret')), RangeError)
})

test('a derivation can be ended, and what was not begun does not begin', async () => {
  const ending = new AbortController()
  const progress = () => ending.abort()
  const reading = readShareFile(fromHex(published.file), utf8('secret'), { progress, signal: ending.signal })
  await assert.rejects(reading, { name: 'AbortError' })
  await assert.rejects(readShareFile(fromHex(published.file), utf8('secret'), { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  })
})
