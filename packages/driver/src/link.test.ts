import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import {
  ChannelError,
  chipHandshake,
  decodeCommand,
  GetChallenge,
  hostHandshake,
  ReadBinary,
  type SecureMessaging,
  Sign,
  UnexpectedStatusError,
  UnwrapKey,
  Verify,
} from '@keytether/card'
import { concat, fromHex, toHex } from '@keytether/codec'
import { testKey } from '@keytether/test/device-identity'
import { scriptedCard } from '@keytether/test/scripted-card'
import fc from 'fast-check'
import { DriverError } from './errors.ts'
import { type Call, call, Link } from './link.ts'

const ok = fromHex('9000')
const challenge = () => call(GetChallenge, {}, undefined, { le: 8 })
const read = (fid: number, le: number) => call(ReadBinary, { fid }, { offset: 0 }, { le })

/** Both ends of a channel, with the card's end to answer with. */
function secured(): { host: SecureMessaging; card: SecureMessaging } {
  const chip = testKey()
  const handshake = hostHandshake(chip.publicKey)
  const { session, ...answer } = chipHandshake(chip.agree, handshake.ephemeralKey)
  return { host: handshake.open(answer), card: session }
}

async function secureLink(answer: (card: SecureMessaging, command: Uint8Array, index: number) => Uint8Array) {
  const { host, card } = secured()
  const channel = scriptedCard((command, index) => (index === 0 ? ok : answer(card, command, index - 1)))
  const link = new Link(channel, 1232)
  await link.runPlain([challenge()], () => host)
  return { link, channel }
}

test('answers come back in the order of the calls, in one transmission', async () => {
  const channel = scriptedCard((_, index) => concat(Uint8Array.of(index), ok))
  const answers = await new Link(channel, 1232).run([challenge(), challenge(), challenge()])
  assert.deepEqual(
    answers.map(answer => answer.status === 'ok' && answer.data[0]),
    [0, 1, 2],
  )
  assert.equal(channel.transmissions.length, 1)
})

test('no call, no transmission', async () => {
  const channel = scriptedCard(() => ok)
  assert.deepEqual(await new Link(channel, 1232).run([]), [])
  assert.equal(channel.transmissions.length, 0)
})

test('a transmission holds 120 commands', async () => {
  const channel = scriptedCard(() => ok)
  await new Link(channel, 1232).run(Array.from({ length: 250 }, challenge))
  assert.deepEqual(
    channel.transmissions.map(({ length }) => length),
    [120, 120, 10],
  )
})

test('a transmission holds as many answers as a template of RAMOverHTTP', async () => {
  const channel = scriptedCard(() => ok)
  await new Link(channel, 1232).run(Array.from({ length: 100 }, (_, i) => read(i, 1199)))
  const [first] = channel.transmissions
  assert.ok(first!.length >= 45)
  assert.ok(first!.length * (1199 + 2 + 4) + 8 < 65_536)
  assert.equal(channel.transmissions.flat().length, 100)
})

test('operations run one after the other, also after a failure', async () => {
  const channel = scriptedCard((_, index) => {
    if (index === 2) throw new ChannelError('TIMEOUT', 'no answer')
    return ok
  })
  const link = new Link(channel, 1232)
  const ended: number[] = []
  const operation = (number: number) =>
    link.alone(async () => {
      await link.run([challenge()])
      await link.run([challenge()])
      ended.push(number)
    })
  const results = await Promise.allSettled([operation(1), operation(2), operation(3)])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(ended, [1, 3])
  assert.equal(channel.transmissions.length, 5)
})

test('fewer answers than commands are an error of the channel', async () => {
  const channel = { ...scriptedCard(() => ok), transmit: async () => [ok] }
  const protocolError = { name: 'ChannelError', code: 'PROTOCOL' }
  await assert.rejects(new Link(channel, 1232).run([challenge(), challenge()]), protocolError)
})

test('protected: a batch, and the sizes that fit', async () => {
  const { link, channel } = await secureLink((card, command, index) => {
    const plain = card.unprotectCommand(command) as Uint8Array
    assert.equal(toHex(plain), '0084000008')
    return card.protectResponse(concat(Uint8Array.of(index), ok))
  })
  assert.ok(link.secure)
  assert.equal(link.maximumData, 1199)
  assert.equal(link.maximumAnswer, 1199)
  const answers = await link.run([challenge(), challenge()])
  assert.deepEqual(
    answers.map(answer => answer.status === 'ok' && answer.data[0]),
    [0, 1],
  )
  assert.equal(channel.transmissions.length, 2)
})

test('protected: a command without data and Le gets one of them', async () => {
  const received: string[] = []
  const { link } = await secureLink((card, command) => {
    received.push(toHex(card.unprotectCommand(command) as Uint8Array))
    return card.protectResponse(ok)
  })
  const unwrap = call(UnwrapKey, { key: 1 }, new Uint8Array())
  const verify = call(Verify, { reference: 'user' }, fromHex('313233343536'))
  await link.run([unwrap, verify])
  assert.deepEqual(received, ['8074019300', '0020008106313233343536'])
  const channel = scriptedCard(() => ok)
  await new Link(channel, 1232).run([unwrap])
  assert.deepEqual(channel.transmissions.flat().map(toHex), ['80740193'])
})

test('what a command cannot carry is not sent, and leaves the channel open', async () => {
  const { link, channel } = await secureLink((card, command) => {
    card.unprotectCommand(command)
    return card.protectResponse(ok)
  })
  const sign = (length: number) => call(Sign, { key: 1, algorithm: 0x73 }, new Uint8Array(length))
  await assert.rejects(link.run([challenge(), sign(1200)]), RangeError)
  assert.equal(channel.transmissions.length, 1)
  await link.run([sign(1199)])
  assert.ok(channel.transmissions.at(-1)![0]!.length <= 1232)
})

test('protected: a status word that the command does not list leaves the channel open', async () => {
  const { link } = await secureLink((card, command, index) => {
    card.unprotectCommand(command)
    return card.protectResponse(fromHex(index === 0 ? '6F00' : '9000'))
  })
  await assert.rejects(link.run([challenge()]), UnexpectedStatusError)
  assert.ok(link.secure)
  await link.run([challenge()])
})

const broken: [string, (card: SecureMessaging, command: Uint8Array) => Uint8Array][] = [
  ['an answer in the clear', () => fromHex('6988')],
  ['success in the clear', () => fromHex('01020304050607089000')],
  [
    'a changed answer',
    (card, command) => {
      card.unprotectCommand(command)
      const response = card.protectResponse(concat(new Uint8Array(8), ok))
      response[5]! ^= 1
      return response
    },
  ],
]
for (const [name, answer] of broken) {
  test(`protected: ${name} ends it, and nothing goes in the clear after that`, async () => {
    const { link, channel } = await secureLink(answer)
    await assert.rejects(link.run([challenge()]), (error: DriverError) => error.code === 'SECURE_CHANNEL')
    const sent = channel.transmissions.length
    await assert.rejects(link.run([challenge()]), (error: DriverError) => error.code === 'SECURE_CHANNEL')
    assert.equal(channel.transmissions.length, sent)
    assert.ok(!link.secure)
  })
}

test('protected: after an error of the channel, what the card has counted is not known', async () => {
  const { link } = await secureLink(() => {
    throw new ChannelError('REMOVED', 'the card was removed')
  })
  await assert.rejects(link.run([challenge()]), (error: ChannelError) => error.code === 'REMOVED')
  await assert.rejects(link.run([challenge()]), (error: DriverError) => error.code === 'SECURE_CHANNEL')
})

test('who was protected never goes on in the clear', async () => {
  const { link, channel } = await secureLink(() => ok)
  await link.runPlain([challenge()], () => undefined)
  const sent = channel.transmissions.length
  await assert.rejects(link.run([challenge()]), { code: 'SECURE_CHANNEL' })
  assert.equal(channel.transmissions.length, sent)

  const plain = new Link(channel, 1232)
  await plain.runPlain([challenge()], () => undefined)
  await plain.run([challenge()])
  assert.equal(channel.transmissions.length, sent + 2)
})

test('a failed opening leaves nothing open', async () => {
  const link = new Link(
    scriptedCard(() => ok),
    1232,
  )
  const refused = new DriverError('NOT_GENUINE', 'no')
  const opening = link.runPlain([challenge()] as Call<unknown>[], () => {
    throw refused
  })
  await assert.rejects(opening, refused)
  await assert.rejects(link.run([challenge()]), (error: DriverError) => error.code === 'SECURE_CHANNEL')
})

/** A card that carries commands out in order and answers them when it is told to, with the number in the command. */
async function lateLink() {
  const { host, card } = secured()
  const received: number[] = []
  const held: (() => void)[] = []
  let failure: ChannelError | undefined
  const channel = {
    ...scriptedCard(() => ok),
    transmit(commands: readonly Uint8Array[]) {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array[]>()
      const responses = commands.map(command => {
        const { p1, data } = decodeCommand(card.unprotectCommand(command) as Uint8Array)
        received.push(data[0]!)
        return card.protectResponse(concat(Uint8Array.of(p1, data[0]!), ok))
      })
      held.push(() => (failure ? reject(failure) : resolve(responses)))
      return promise
    },
  }
  let opening = true
  const transmit = (commands: readonly Uint8Array[]) => (opening ? Promise.resolve([ok]) : channel.transmit(commands))
  const link = new Link({ ...channel, transmit }, 1232)
  const open = async (messaging: SecureMessaging) => {
    opening = true
    await link.runPlain([challenge()], () => messaging)
    opening = false
  }
  await open(host)
  return {
    link,
    received,
    held,
    open,
    fail: (error: ChannelError) => {
      failure = error
    },
  }
}

const numbered = (number: number) => call(Sign, { key: 7, algorithm: 0x73 }, Uint8Array.of(number))
const signed = (outcome: { status: string; data?: Uint8Array }) => outcome.data?.[1]

test('overlapping operations are on their way together, and none beside one that is alone', async () => {
  const step = fc.record({ alone: fc.boolean(), rounds: fc.integer({ min: 1, max: 3 }) })
  // How many answers wait when the card gives one.
  const waits = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), waits, async (steps, depths) => {
      const { link, received, held } = await lateLink()
      let alone = 0
      let running = 0
      let number = 0
      const results = steps.map(one => {
        const first = number
        number += one.rounds
        const operation = async () => {
          assert.ok(alone === 0 && (!one.alone || running === 0))
          running++
          if (one.alone) alone++
          const answers: (number | undefined)[] = []
          for (let i = 0; i < one.rounds; i++) answers.push(signed((await link.run([numbered(first + i)]))[0]))
          running--
          if (one.alone) alone--
          return answers
        }
        return one.alone ? link.alone(operation) : link.overlapping(operation)
      })
      const firsts = steps.findIndex(one => one.alone)
      // What may overlap is sent at once.
      if (firsts !== 0) assert.equal(held.length, firsts < 0 ? steps.length : firsts)
      const all = Promise.all(results)
      for (let answered = 0; answered < number; ) {
        for (let spin = 0; held.length === 0 && spin < 50; spin++) await tick()
        if (held.length < depths[answered % 4]!) await tick()
        held.shift()!()
        answered++
      }
      const numbers = (await all).flat()
      assert.deepEqual(
        numbers,
        Array.from({ length: number }, (_, index) => index),
      )
      assert.equal(received.length, number)
    }),
    { numRuns: 100 },
  )
})

test('answers are read in order, in whatever order the channel gives them', async () => {
  const { link, held } = await lateLink()
  const results = [1, 2, 3].map(number => link.overlapping(async () => signed((await link.run([numbered(number)]))[0])))
  for (const give of held.splice(0).reverse()) give()
  assert.deepEqual(await Promise.all(results), [1, 2, 3])
})

test('an error of the channel loses all that is on its way, and what comes late changes nothing', async () => {
  const { link, held, fail, open } = await lateLink()
  const results = [1, 2, 3].map(number => link.overlapping(() => link.run([numbered(number)])))
  const [first, second, third] = held.splice(0)
  first!()
  await results[0]
  fail(new ChannelError('REMOVED', 'pulled'))
  third!()
  for (const { status, reason } of (await Promise.allSettled(results)).slice(1) as PromiseRejectedResult[]) {
    assert.deepEqual([status, reason.code], ['rejected', 'REMOVED'])
  }
  await assert.rejects(link.run([challenge()]), { code: 'SECURE_CHANNEL' })
  await open(secured().host)
  // The end of what was sent over the former channel is not the end of this one.
  second!()
  await tick()
  assert.ok(link.secure)
})
