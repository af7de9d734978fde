/** Session after session, and the PIN before each. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Channel, ChannelError } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { type Reply, scriptedServer, sendTemplate } from '@keytether/test/scripted-server'
import { type AgentEvent, type AgentOptions, runAgent } from './agent.ts'
import { Unlocker } from './unlock.ts'

const select = '00a4040c0be82b0601040181c31f0201'
const query = '00200081'
const pin = '648219'
const verify = `${query}06${Buffer.from(pin).toString('hex')}`

interface Card extends Channel {
  readonly commands: string[]
  closed: number
}

function card(answers: Record<string, string> = {}): Card {
  const commands: string[] = []
  return {
    atr: fromHex('3b00'),
    commands,
    closed: 0,
    async transmit(batch) {
      return batch.map(command => {
        commands.push(toHex(command))
        return fromHex(answers[toHex(command)] ?? '9000')
      })
    },
    reset: async () => fromHex('3b00'),
    async close() {
      this.closed++
    },
  }
}

/** Runs an agent until it has reported so many disconnections. */
async function agent(replies: readonly Reply[], disconnections: number, options: Partial<AgentOptions> = {}) {
  await using server = await scriptedServer(replies)
  const events: AgentEvent[] = []
  const controller = new AbortController()
  const channel = card()
  await runAgent({
    url: server.url,
    open: async () => channel,
    signal: controller.signal,
    onEvent(event) {
      events.push(event)
      if (events.filter(one => one.event === 'disconnected').length === disconnections) controller.abort()
    },
    ...options,
  })
  return { events, server, channel }
}

const taken: Reply = response => sendTemplate(response, 'aa00')

describe('an agent', () => {
  test('reports what happens, and closes the card after each session', async () => {
    const notice: Reply = 'aa0e e00c 020100 0c07 416c6c20646f6e'
    const { events, channel } = await agent([notice, 204], 1)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['connected', 'notice', 'disconnected'],
    )
    assert.deepEqual(events[1], { event: 'notice', number: 0, text: 'All don' })
    assert.equal(events[2]?.event === 'disconnected' && events[2].reason, 'the server ended the session')
    assert.equal(channel.closed, 1)
  })

  test('begins anew at once when the server has forgotten the session, but not again and again', async () => {
    const { events, server } = await agent([taken, 404, taken, 404], 2)
    const delays = events.flatMap(event => (event.event === 'disconnected' ? [event.retryMs] : []))
    assert.equal(delays[0], 0)
    assert(delays[1]! >= 500)
    assert.deepEqual(
      server.requests.map(({ body }) => body.slice(0, 2)),
      ['e8', 'ab', 'e8', 'ab'],
    )
  })

  test('tries ever later, and comes back', async () => {
    const { events } = await agent([503, 503, taken, 504], 3)
    const disconnected = events.filter(({ event }) => event === 'disconnected') as { retryMs: number; reason: string }[]
    assert.match(disconnected[0]!.reason, /not available \(HTTP 503\)/)
    for (const [index, { retryMs }] of disconnected.entries()) {
      assert(retryMs >= 500 * 2 ** index && retryMs <= 1000 * 2 ** index, `${retryMs}`)
    }
    assert.equal(events.at(-2)?.event, 'connected')
  })

  test('that was connected for a while comes back soon, whatever went wrong before', async () => {
    const cut: Reply = response => setTimeout(() => response.destroy(), 5_500)
    const { events } = await agent([503, 503, 503, taken, cut, response => response.destroy()], 4)
    const delays = events.flatMap(event => (event.event === 'disconnected' ? [event.retryMs] : []))
    assert(delays[2]! >= 2_000 && delays[3]! <= 500, `${delays}`)
  })

  test('that was taken, and then let go in order, has not failed', async () => {
    const { events } = await agent([503, taken, 204], 2)
    const delays = events.flatMap(event => (event.event === 'disconnected' ? [event.retryMs] : []))
    assert(delays[1]! >= 500 && delays[1]! <= 1000, `${delays}`)
  })

  test('goes on when the card is not there', async () => {
    const open = async (): Promise<Channel> => {
      throw new ChannelError('REMOVED', 'no card')
    }
    const { events } = await agent([], 1, { open })
    assert.equal(events[0]?.event === 'disconnected' && events[0].reason, 'no card')
  })

  test('does not hide a defect', async () => {
    const open = async (): Promise<Channel> => {
      throw new TypeError('a defect')
    }
    await assert.rejects(agent([], 1, { open }), TypeError)
  })

  test('says good-bye when it is told to end, waiting for the server or for its next attempt', async () => {
    await using server = await scriptedServer([taken, () => controller.abort()])
    const controller = new AbortController()
    await runAgent({ url: server.url, open: async () => card(), signal: controller.signal })
    assert.match(server.requests[2]!.body, /^ab10e1/)
    const waiting = new AbortController()
    let attempts = 0
    const onEvent = ({ event }: AgentEvent) => {
      if (event !== 'disconnected') return
      attempts++
      setTimeout(() => waiting.abort(), 10)
    }
    await runAgent({ url: 'http://127.0.0.1:1/', open: async () => card(), signal: waiting.signal, onEvent })
    assert.equal(attempts, 1)
  })

  test('presents the PIN in each session, and a wrong one only once', async () => {
    const channel = card({ [query]: '63c3', [verify]: '63c2' })
    const { events } = await agent([404, 404], 2, {
      open: async () => channel,
      pin: async () => new TextEncoder().encode(pin),
    })
    assert.deepEqual(
      events.filter(({ event }) => event === 'pin'),
      [
        { event: 'pin', status: 'wrongPin', triesLeft: 2 },
        { event: 'pin', status: 'refused' },
      ],
    )
    assert.deepEqual(channel.commands, [select, query, verify, select, query])
  })

  test('presents the PIN also where nobody listens', async () => {
    const controller = new AbortController()
    const channel = card({ [query]: '63c3' })
    const close = async () => controller.abort()
    await using server = await scriptedServer([404])
    const open = async () => ({ ...channel, close })
    const own = async () => new TextEncoder().encode(pin)
    await runAgent({ url: server.url, open, pin: own, signal: controller.signal })
    assert.deepEqual(channel.commands, [select, query, verify])
  })
})

describe('log-in', () => {
  const rows: readonly (readonly [name: string, answers: Record<string, string>, outcome: object, sent: string[]])[] = [
    ['a right PIN', { [query]: '63c3' }, { status: 'verified' }, [select, query, verify]],
    [
      'a wrong PIN',
      { [query]: '63c3', [verify]: '63c2' },
      { status: 'wrongPin', triesLeft: 2 },
      [select, query, verify],
    ],
    ['logged in already', {}, { status: 'verified' }, [select, query]],
    ['one try left', { [query]: '63c1' }, { status: 'lastTry' }, [select, query]],
    ['no try left', { [query]: '63c0' }, { status: 'unavailable', sw: 0x63c0 }, [select, query]],
    ['blocked', { [query]: '6983' }, { status: 'unavailable', sw: 0x6983 }, [select, query]],
    ['not initialised', { [query]: '6a88' }, { status: 'unavailable', sw: 0x6a88 }, [select, query]],
    ['another card', { [select]: '6a82', [query]: '6d00' }, { status: 'notASmartCardHsm' }, [select, query]],
    ['no status word', { [query]: '63c3', [verify]: '' }, { status: 'unavailable', sw: 0 }, [select, query, verify]],
  ]
  for (const [name, answers, outcome, sent] of rows) {
    test(name, async () => {
      const channel = card(answers)
      const bytes = new TextEncoder().encode(pin)
      assert.deepEqual(await new Unlocker().unlock(channel, bytes), outcome)
      assert.deepEqual(channel.commands, sent)
      assert(bytes.every(byte => byte === 0))
    })
  }

  test('of a PIN nothing is left, though the card fails over it', async () => {
    const sent: Uint8Array[] = []
    const channel: Channel = {
      ...card({ [query]: '63c3' }),
      async transmit(commands) {
        sent.push(...commands)
        if (commands.length === 2) return [fromHex('9000'), fromHex('63c3')]
        throw new ChannelError('REMOVED', 'the card is gone')
      },
    }
    await assert.rejects(new Unlocker().unlock(channel, new TextEncoder().encode(pin)), { code: 'REMOVED' })
    assert.equal(sent.length, 3)
    assert(sent[2]!.every(byte => byte === 0))
  })

  test('a PIN that cannot be one is not presented', async () => {
    for (const length of [0, 5, 17]) {
      const channel = card()
      assert.deepEqual(await new Unlocker().unlock(channel, new Uint8Array(length)), { status: 'wrongLength' })
      assert.deepEqual(channel.commands, [])
    }
  })
})
