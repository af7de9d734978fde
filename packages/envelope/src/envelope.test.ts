import assert from 'node:assert/strict'
import { createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { concat, DecodeError, encode, fromHex } from '@keytether/codec'
import fc from 'fast-check'
import { chunkSize, tagSize } from './chunks.ts'
import { withCheck } from './data-key.ts'
import { readEnvelope, sealEnvelope } from './envelope.ts'
import { EnvelopeHeader } from './envelope-header.ts'
import { EnvelopeError } from './errors.ts'
import { WrappedDataKeyHeader } from './wrapped-data-key.ts'

const dataKey = fromHex('11'.repeat(32))
const wrapped = withCheck(dataKey, {
  wrapping: 'AES_CBC',
  dataKey: 'dk_AQIDBAUGBwgJCgsMDQ4P',
  version: 'kv_8fLz9PX29_j5-vv8_f7_',
  cardKey: fromHex('beef'),
  wrapped: fromHex('ab'.repeat(48)),
})
const associatedData = new TextEncoder().encode('invoice 4711')

async function gather(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return concat(...all)
}

const seal = (payload: Uint8Array, key = dataKey) =>
  gather(sealEnvelope(wrapped, { dataKey: key, associatedData }, [payload]))

async function open(envelope: Uint8Array, options: { dataKey?: Uint8Array; associatedData?: Uint8Array } = {}) {
  const read = await readEnvelope([envelope])
  return gather(read.open({ dataKey, associatedData, ...options }))
}

/** That it is refused, in one of the ways in which it may. */
async function refused(envelope: Uint8Array, options = {}): Promise<EnvelopeError | DecodeError> {
  try {
    await open(envelope, options)
  } catch (error) {
    if (error instanceof EnvelopeError || error instanceof DecodeError) return error
    throw error
  }
  return assert.fail('it was opened')
}

test('what was sealed comes back, of any size', async () => {
  const sizes = fc.oneof(
    fc.nat(300),
    fc.constantFrom(-1, 0, 1, chunkSize - 1).map(more => chunkSize + more + 1),
  )
  await fc.assert(
    fc.asyncProperty(sizes, async size => {
      const payload = new Uint8Array(randomBytes(size))
      const envelope = await seal(payload)
      const chunks = Math.max(1, Math.ceil(size / chunkSize))
      assert.equal(envelope.length, 6 + 120 + 16 + size + chunks * tagSize)
      assert.deepEqual(await open(envelope), payload)
    }),
    { numRuns: 60 },
  )
})

test('it comes in parts of any size', async () => {
  const payload = new Uint8Array(randomBytes(2 * chunkSize + 5))
  const envelope = await seal(payload)
  function* parts() {
    for (let at = 0; at < envelope.length; at += 777) yield envelope.subarray(at, at + 777)
  }
  const read = await readEnvelope(parts())
  assert.deepEqual(read.header.dataKey, wrapped)
  assert.deepEqual(await gather(read.open({ dataKey, associatedData })), payload)
})

test('any bit of it that is flipped is noticed', async () => {
  const envelope = await seal(new Uint8Array(randomBytes(40)))
  for (let bit = 0; bit < 8 * envelope.length; bit++) {
    const changed = envelope.slice()
    changed[bit >> 3]! ^= 1 << (bit & 7)
    await refused(changed)
  }
})

test('any bit of the associated data that is flipped is noticed, and so is what is added or left out', async () => {
  const envelope = await seal(new Uint8Array(randomBytes(40)))
  for (let bit = 0; bit < 8 * associatedData.length; bit++) {
    const changed = associatedData.slice()
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal((await refused(envelope, { associatedData: changed })).code, 'NOT_AUTHENTIC')
  }
  for (const other of [new Uint8Array(), associatedData.subarray(1), concat(associatedData, Uint8Array.of(0))])
    assert.equal((await refused(envelope, { associatedData: other })).code, 'NOT_AUTHENTIC')
})

const header = 6 + 120 + 16
const sealedSize = chunkSize + tagSize

test('chunks in another order, left out, repeated or out of another envelope are noticed', async () => {
  const payload = new Uint8Array(randomBytes(3 * chunkSize + 10))
  const [envelope, other] = [await seal(payload), await seal(payload)]
  const chunk = (of: Uint8Array, number: number) =>
    of.subarray(header + number * sealedSize, header + (number + 1) * sealedSize)
  const start = envelope.subarray(0, header)
  const [first, second, third, last] = [0, 1, 2, 3].map(number => chunk(envelope, number)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const orders = [
    [second, first, third, last],
    [first, third, second, last],
    [first, second, third, third],
    [first, second, last],
    [first, first, second, third, last],
    [last],
    [first, second, third, last, last],
    [first, chunk(other, 1), third, last],
    [first, second, third, chunk(other, 3)],
  ]
  for (const order of orders) await refused(concat(start, ...order))
  for (const order of [[], [first], [first, second], [first, second, third]])
    assert.equal((await refused(concat(start, ...order))).code, 'CUT_SHORT')
})

test('an end that is cut off is noticed wherever it is', async () => {
  const envelope = await seal(new Uint8Array(randomBytes(chunkSize + 10)))
  for (let length = 0; length < header + 3; length++) await refused(envelope.subarray(0, length))
  for (const cut of [1, 10, 25, 26, 27, 1000]) await refused(envelope.subarray(0, -cut))
})

test('a data key opens what was sealed with it and nothing else', async () => {
  const envelope = await seal(new Uint8Array(10))
  assert.equal((await refused(envelope, { dataKey: fromHex('22'.repeat(32)) })).code, 'WRONG_KEY')
  assert.equal((await refused(envelope, { dataKey: dataKey.subarray(1) })).code, 'WRONG_KEY')
  await assert.rejects(seal(new Uint8Array(10), fromHex('22'.repeat(32))), /was changed, or wrapped under another key/)
})

test('the payload outlives its header: another one for the same data key does', async () => {
  const payload = new Uint8Array(randomBytes(100))
  const envelope = await seal(payload)
  const { header: old } = await readEnvelope([envelope])
  const anew = withCheck(dataKey, { ...wrapped, version: 'kv_AAAAAAAAAAAAAAAAAAAA', wrapped: fromHex('cd'.repeat(48)) })
  const rewrapped = concat(encode(EnvelopeHeader, { ...old, dataKey: anew }), envelope.subarray(header))
  assert.deepEqual(await open(rewrapped), payload)
  const foreign = withCheck(dataKey, { ...wrapped, dataKey: 'dk_AAAAAAAAAAAAAAAAAAAA' })
  const renamed = concat(encode(EnvelopeHeader, { ...old, dataKey: foreign }), envelope.subarray(header))
  assert.equal((await refused(renamed)).code, 'NOT_AUTHENTIC')
})

test('it is what its description says', async () => {
  const payload = new Uint8Array(randomBytes(100))
  const envelope = await seal(payload)
  const { salt } = (await readEnvelope([envelope])).header
  const hmac = createHmac('sha256', dataKey).update('keytether data key v1')
  assert.deepEqual(new Uint8Array(hmac.update(encode(WrappedDataKeyHeader, wrapped)).digest()), wrapped.check)
  const key = Buffer.from(hkdfSync('sha256', dataKey, salt, 'keytether payload v1', 32))
  const decipher = createDecipheriv('aes-256-gcm', key, fromHex('00000000000000 00000000 01'), { authTagLength: 16 })
  const context = createHash('sha256').update('keytether payload v1').update('dk_AQIDBAUGBwgJCgsMDQ4P').update(salt)
  decipher.setAAD(context.update(associatedData).digest())
  decipher.setAuthTag(envelope.subarray(-16))
  const plain = concat(decipher.update(envelope.subarray(header, -16)), decipher.final())
  assert.deepEqual(plain, payload)
})

test('bytes that nobody sealed are refused, however they are damaged', async () => {
  const envelope = await seal(new Uint8Array(50))
  const damage = fc.record({
    at: fc.nat(envelope.length - 1),
    leaveOut: fc.nat(40),
    bytes: fc.uint8Array({ maxLength: 40 }),
  })
  await fc.assert(
    fc.asyncProperty(damage, async ({ at, leaveOut, bytes }) => {
      const damaged = concat(envelope.subarray(0, at), bytes, envelope.subarray(at + leaveOut))
      if (Buffer.compare(damaged, envelope) !== 0) await refused(damaged)
    }),
    { numRuns: 500 },
  )
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes => void (await refused(bytes))))
})
