import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat, fromHex, toHex } from '@keytether/codec'
import { vectors } from '@keytether/test/vectors'
import fc from 'fast-check'
import { cmac, pad } from '../aes.ts'
import { decodeCommand, encodeCommand, encodeResponse } from '../apdu.ts'
import { curveByName } from '../cvc/curves.ts'
import { SecureMessagingError, type SecureMessagingErrorCode } from '../errors.ts'
import { authenticationToken, type ChannelKeys, deriveKeys } from './keys.ts'
import { SecureMessaging } from './session.ts'

interface Exchange {
  readonly name: string
  readonly command: string
  readonly protectedCommand: string
  readonly response: string
  readonly protectedResponse: string
  readonly protectedResponseWith87?: string
}

interface Transcript {
  readonly curve: string
  readonly chipPrivateKey: string
  readonly chipPublicKey: string
  readonly ephemeralPrivateKey: string
  readonly ephemeralKey: string
  readonly secret: string
  readonly nonce: string
  readonly encryption: string
  readonly mac: string
  readonly token: string
  readonly exchanges: readonly Exchange[]
}

const { computed, observed } = vectors<{
  computed: Transcript & { first: Pick<Exchange, 'name' | 'command' | 'protectedCommand'> }
  observed: Transcript
}>('secure-messaging.json')

function keysOf({ encryption, mac }: Transcript): ChannelKeys {
  return { encryption: fromHex(encryption), mac: fromHex(mac) }
}

/** 87 for a command with odd instruction: some cards answer so, this one does not. */
function isAnsweredWith87({ command, protectedResponse }: Exchange): boolean {
  return (decodeCommand(fromHex(command)).ins & 1) === 1 && protectedResponse.startsWith('87')
}

for (const [name, transcript] of Object.entries({ computed, observed })) {
  describe(`${name} transcript`, () => {
    test('shared secret, keys and token', () => {
      const chip = createECDH(curveByName(transcript.curve)!.nodeName)
      chip.setPrivateKey(Buffer.from(transcript.chipPrivateKey, 'hex'))
      assert.equal(chip.getPublicKey('hex'), transcript.chipPublicKey)
      const secret = chip.computeSecret(fromHex(transcript.ephemeralKey))
      assert.equal(toHex(secret), transcript.secret)
      const keys = deriveKeys(secret, fromHex(transcript.nonce))
      assert.equal(toHex(keys.encryption), transcript.encryption)
      assert.equal(toHex(keys.mac), transcript.mac)
      assert.equal(toHex(authenticationToken(keys, fromHex(transcript.ephemeralKey))), transcript.token)
    })

    test('host: one command after the other', () => {
      const host = new SecureMessaging(keysOf(transcript))
      for (const exchange of transcript.exchanges) {
        assert.equal(toHex(host.protect(fromHex(exchange.command))), exchange.protectedCommand, exchange.name)
        assert.equal(toHex(host.unprotect(fromHex(exchange.protectedResponse))), exchange.response, exchange.name)
      }
    })

    test('host: all commands as one batch', () => {
      const host = new SecureMessaging(keysOf(transcript))
      const { exchanges } = transcript
      const commands = exchanges.map(({ command }) => toHex(host.protect(fromHex(command))))
      assert.deepEqual(
        commands,
        exchanges.map(({ protectedCommand }) => protectedCommand),
      )
      const responses = exchanges.map(({ protectedResponse }) => toHex(host.unprotect(fromHex(protectedResponse))))
      assert.deepEqual(
        responses,
        exchanges.map(({ response }) => response),
      )
    })

    test('card', () => {
      const card = new SecureMessaging(keysOf(transcript))
      for (const exchange of transcript.exchanges) {
        const command = card.unprotectCommand(fromHex(exchange.protectedCommand))
        assert.ok(typeof command !== 'number', exchange.name)
        assert.equal(toHex(command), exchange.command, exchange.name)
        const response = toHex(card.protectResponse(fromHex(exchange.response)))
        if (!isAnsweredWith87(exchange)) assert.equal(response, exchange.protectedResponse, exchange.name)
      }
    })
  })
}

test('host: answers with 87 to an odd instruction are taken as well', () => {
  const host = new SecureMessaging(keysOf(computed))
  for (const exchange of computed.exchanges) {
    host.protect(fromHex(exchange.command))
    const answer = exchange.protectedResponseWith87 ?? exchange.protectedResponse
    assert.equal(toHex(host.unprotect(fromHex(answer))), exchange.response)
  }
})

test('VERIFY may have a Le', () => {
  const { command, protectedCommand } = computed.first
  assert.equal(toHex(new SecureMessaging(keysOf(computed)).protect(fromHex(command))), protectedCommand)
  const inner = new SecureMessaging(keysOf(computed)).unprotectCommand(fromHex(protectedCommand))
  assert.ok(typeof inner !== 'number')
  assert.equal(toHex(inner), command)
})

const keys = keysOf(computed)

function pair(): { host: SecureMessaging; card: SecureMessaging } {
  return { host: new SecureMessaging(keys), card: new SecureMessaging(keys) }
}

function throwsCode(code: SecureMessagingErrorCode, run: () => unknown): void {
  assert.throws(run, error => error instanceof SecureMessagingError && error.code === code)
}

const getChallenge = fromHex('0084000008')
const challenge = fromHex('00010203040506079000')

/** A host that waits for the answer, and that answer. */
function answered(): { host: SecureMessaging; answer: Uint8Array } {
  const { host, card } = pair()
  card.unprotectCommand(host.protect(getChallenge))
  return { host, answer: card.protectResponse(challenge) }
}

describe('an answer that the host must not believe', () => {
  test('every altered bit, but for the outer status word', () => {
    const { answer } = answered()
    for (let bit = 0; bit < 8 * (answer.length - 2); bit++) {
      const altered = answer.slice()
      altered[bit >> 3]! ^= 0x80 >> (bit & 7)
      const { host } = answered()
      assert.throws(() => host.unprotect(altered), SecureMessagingError, `bit ${bit}`)
      throwsCode('CLOSED', () => host.unprotect(answer))
      throwsCode('CLOSED', () => host.protect(getChallenge))
    }
  })

  test('cut short anywhere', () => {
    const { answer } = answered()
    for (let length = 0; length < answer.length; length++) {
      assert.throws(() => answered().host.unprotect(answer.subarray(0, length)), SecureMessagingError)
    }
  })

  test('a bare status word, even success', () => {
    for (const plain of ['9000', '6988', '6882', '63c3']) {
      const { host } = answered()
      assert.throws(
        () => host.unprotect(fromHex(plain)),
        error =>
          error instanceof SecureMessagingError &&
          error.code === 'PLAIN' &&
          toHex(fromHex(plain)) === error.sw?.toString(16),
      )
      throwsCode('CLOSED', () => host.protect(getChallenge))
    }
  })

  test('a replayed answer, and answers in another order', () => {
    const { host, card } = pair()
    const commands = [host.protect(getChallenge), host.protect(getChallenge)]
    const answers = commands.map(command => {
      card.unprotectCommand(command)
      return card.protectResponse(challenge)
    })
    host.unprotect(answers[0]!)
    throwsCode('MAC', () => host.unprotect(answers[0]!))

    const other = new SecureMessaging(keys)
    other.protect(getChallenge)
    other.protect(getChallenge)
    throwsCode('MAC', () => other.unprotect(answers[1]!))
  })

  test('its own command sent back', () => {
    const host = new SecureMessaging(keys)
    const command = host.protect(fromHex('0020008106363438323139'))
    throwsCode('MAC', () => host.unprotect(encodeResponse({ data: decodeCommand(command).data, sw: 0x9000 })))
  })

  test('with another status word outside, the protected one counts', () => {
    const { host, answer } = answered()
    answer.set([0x6a, 0x82], answer.length - 2)
    assert.deepEqual(host.unprotect(answer), challenge)
  })

  test('a response to nothing is the caller’s fault', () => {
    assert.throws(() => new SecureMessaging(keys).unprotect(challenge), RangeError)
    assert.throws(() => new SecureMessaging(keys).protectResponse(challenge), RangeError)
  })
})

describe('a command that the card must not carry out', () => {
  const command = new SecureMessaging(keys).protect(fromHex('00b12f03045402000000'))

  test('every altered bit', () => {
    for (let bit = 0; bit < 8 * command.length; bit++) {
      const altered = command.slice()
      altered[bit >> 3]! ^= 0x80 >> (bit & 7)
      const card = new SecureMessaging(keys)
      let result: unknown
      try {
        result = card.unprotectCommand(altered)
      } catch (error) {
        assert.equal((error as Error).name, 'DecodeError')
        continue
      }
      // The outer Le is not covered by the MAC, and is not used either.
      if (bit >= 8 * (command.length - 1)) continue
      assert.ok(result === 0x6987 || result === 0x6988, `bit ${bit}: ${result}`)
      throwsCode('CLOSED', () => card.unprotectCommand(command))
      throwsCode('CLOSED', () => card.protectResponse(challenge))
    }
  })

  test('in plain', () => {
    assert.equal(new SecureMessaging(keys).unprotectCommand(getChallenge), 0x6987)
    assert.equal(new SecureMessaging(keys).unprotectCommand(fromHex('0020008106363438323139')), 0x6987)
  })

  test('without MAC, or with a short one', () => {
    assert.equal(new SecureMessaging(keys).unprotectCommand(fromHex('0c20008103970100')), 0x6987)
    assert.equal(new SecureMessaging(keys).unprotectCommand(fromHex('0c200081098e0708115b26f14579')), 0x6987)
  })

  test('replayed', () => {
    const { host, card } = pair()
    const first = host.protect(getChallenge)
    card.unprotectCommand(first)
    card.protectResponse(challenge)
    assert.equal(card.unprotectCommand(first), 0x6988)
  })

  test('under a right MAC: both cryptograms, unknown objects, wrong indicator, wrong padding', () => {
    // Made with the keys, as a host gone astray would.
    const objects = {
      'both 85 and 87': `8510${'00'.repeat(16)}871101${'00'.repeat(16)}`,
      'plain value': '8104deadbeef',
      'padding indicator 02': `871102${'00'.repeat(16)}`,
      'not whole blocks': `870c01${'00'.repeat(11)}`,
      'three bytes of Le': '9703000100',
      'padding of another plaintext': `871101${'00'.repeat(16)}`,
    }
    for (const [what, hex] of Object.entries(objects)) {
      assert.equal(new SecureMessaging(keys).unprotectCommand(withMac(fromHex(hex))), 0x6988, what)
    }
  })
})

/** The first command of a channel with these objects and the right MAC. */
function withMac(objects: Uint8Array): Uint8Array {
  const { mac } = keys
  const padded = pad(objects)
  const counter = new Uint8Array(16)
  counter[15] = 1
  const header = Uint8Array.of(0x0c, 0x20, 0x00, 0x81)
  const value = cmac(mac)(concat(counter, pad(header), padded)).subarray(0, 8)
  return encodeCommand({
    cla: 0x0c,
    ins: 0x20,
    p1: 0x00,
    p2: 0x81,
    data: concat(objects, Uint8Array.of(0x8e, 0x08), value),
    le: 0x100,
  })
}

test('any command and any response come through, in any batches', () => {
  const byte = fc.nat(255)
  const command = fc.record({
    cla: fc.constantFrom(0x00, 0x80),
    ins: byte,
    p1: byte,
    p2: byte,
    data: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 200, maxLength: 1200 })),
    le: fc.option(fc.oneof(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 1, max: 65536 })), { nil: undefined }),
  })
  const response = fc.record({ data: fc.uint8Array({ maxLength: 700 }), sw: fc.nat(0xffff) })
  const batches = fc.array(fc.array(fc.tuple(command, response), { minLength: 1, maxLength: 4 }), { maxLength: 4 })
  fc.assert(
    fc.property(batches, all => {
      const { host, card } = pair()
      for (const batch of all) {
        const sent = batch.map(([apdu]) => host.protect(encodeCommand(apdu)))
        const answers = sent.map((bytes, i) => {
          const inner = card.unprotectCommand(bytes)
          assert.ok(typeof inner !== 'number')
          assert.deepEqual(inner, encodeCommand(batch[i]![0]))
          return card.protectResponse(encodeResponse(batch[i]![1]))
        })
        answers.forEach((answer, i) => {
          assert.deepEqual(host.unprotect(answer), encodeResponse(batch[i]![1]))
        })
      }
    }),
    { numRuns: 60 },
  )
})
