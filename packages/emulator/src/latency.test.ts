/** Latency: the model, the text for it, and that answers wait. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { apdu } from '@keytether/test/emulated-token'
import { Emulator } from './emulator.ts'
import { parseLatency, realToken, type Work } from './latency.ts'
import { memoryStore } from './store/store.ts'

const ec256 = { kind: 'ec', bits: 256 } as const

test('the model of a real token', () => {
  const rows: readonly (readonly [Work, number])[] = [
    [{ kind: 'sign', key: ec256 }, 150],
    [{ kind: 'decipher', key: ec256 }, 150],
    [{ kind: 'sign', key: { kind: 'rsa', bits: 2048 } }, 600],
    [{ kind: 'sign', key: { kind: 'rsa', bits: 4096 } }, 2400],
    [{ kind: 'generate', key: ec256 }, 600],
    [{ kind: 'generate', key: { kind: 'rsa', bits: 2048 } }, 15_000],
    [{ kind: 'generate', key: { kind: 'rsa', bits: 4096 } }, 60_000],
    [{ kind: 'decipher', key: { kind: 'aes', bits: 256 } }, 25],
    [{ kind: 'generate', key: { kind: 'aes', bits: 128 } }, 60],
    [{ kind: 'authenticate' }, 80],
    [{ kind: 'write' }, 60],
    [{ kind: 'other' }, 15],
  ]
  for (const [work, ms] of rows) assert.equal(realToken(work), ms)
})

test('text', () => {
  assert.equal(parseLatency('real-token'), realToken)
  const latency = parseLatency('sign=150, generate=3000,other=0')
  assert.deepEqual(
    (['sign', 'generate', 'other', 'write'] as const).map(kind => latency({ kind, key: ec256 })),
    [150, 3000, 0, 0],
  )
  for (const [text, message] of [
    ['', /wanted real-token, or name=milliseconds/],
    ['sign', /got "sign"/],
    ['sign=', /got "sign="/],
    ['sign=-1', /got "sign=-1"/],
    ['sign=1.5', /got "sign=1.5"/],
    ['sign=150ms', /got "sign=150ms"/],
    ['sing=150', /a name out of sign, decipher, generate, authenticate, write, other/],
    ['sign=600001', /at most 600000 ms/],
    ['sign=1,', /got ""/],
    ['sign=1,sign=2', /sign is there twice/],
  ] as const) {
    assert.throws(
      () => parseLatency(text),
      error => error instanceof RangeError && message.test(error.message),
      text,
    )
  }
})

test('an answer takes at least as long as the latency says, by what the command was', async () => {
  const asked: Work[] = []
  const latency = (work: Work) => {
    asked.push(work)
    return work.kind === 'other' ? 30 : 0
  }
  await using emulator = await Emulator.open({ store: memoryStore(), latency })
  const generate = '00460100205F2901007F4915060A04007F0007020202010282030100010202 0400 5F20015A'
  const started = performance.now()
  await emulator.transmit([apdu.select, apdu.initialize, apdu.verify, generate].map(fromHex))
  assert.ok(performance.now() - started >= 29)
  await emulator.transmit(['80680133 01 00 00', '80680233 01 00 00', '00FF0000', '00B12F02045402000000'].map(fromHex))
  const told = asked.map(({ kind, key }) => (key ? `${kind} ${key.kind} ${key.bits}` : kind))
  const first = ['other', 'write', 'authenticate', 'generate rsa 1024']
  assert.deepEqual(told, [...first, 'sign rsa 1024', 'other', 'other', 'other'])
})
