/** Each way in which a session goes on or ends, against a server that does as it is told. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { type Channel, ChannelError } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { type Reply, type ScriptedServer, scriptedServer, sendTemplate } from '@keytether/test/scripted-server'
import { SessionError, type SessionErrorCode } from './errors.ts'
import { runSession, type SessionOptions } from './session.ts'

const atr = fromHex('3bfe1800008131fe458031815448534d31738021408107fa')
const query = '2204 00200081'

interface Card extends Channel {
  readonly commands: string[]
  readonly resets: number
}

/** Answers every command alike, or as told. */
function card(answer: (command: string) => string | Error = () => '9000'): Card {
  const commands: string[] = []
  let resets = 0
  return {
    atr,
    commands,
    get resets() {
      return resets
    },
    async transmit(batch) {
      const responses: Uint8Array[] = []
      for (const command of batch) {
        commands.push(toHex(command))
        const response = answer(toHex(command))
        if (typeof response !== 'string') {
          throw new ChannelError('REMOVED', 'the card is gone', { cause: response, responses })
        }
        responses.push(fromHex(response))
      }
      return responses
    },
    async reset() {
      resets++
      const response = answer('reset')
      if (typeof response !== 'string') throw new ChannelError('REMOVED', 'the card is gone', { cause: response })
      return fromHex('3b01')
    },
    close: async () => {},
  }
}

class PcscLike extends Error {
  readonly text: string
  constructor(text: string) {
    super(`SCardTransmit: ${text}`)
    this.text = text
  }
}

interface Ran {
  readonly error: SessionError | undefined
  readonly server: ScriptedServer
  /** Bodies of all requests after the first. */
  readonly answers: readonly string[]
  readonly events: readonly string[]
}

async function run(replies: readonly Reply[], channel: Channel = card(), options: Partial<SessionOptions> = {}) {
  const server = await scriptedServer(replies)
  await using _ = server
  const events: string[] = []
  const hooks = {
    connected: () => events.push('connected'),
    notice: (number: number, text: string) => events.push(`(${number}) ${text}`),
    exchanged: (command: Uint8Array, response?: Uint8Array) =>
      events.push(`${toHex(command)} ${response ? toHex(response) : 'failed'}`),
    reset: (bytes: Uint8Array) => events.push(`reset ${toHex(bytes)}`),
    cardFailed: (reason: string) => events.push(`failed: ${reason}`),
  }
  const error = await runSession({ url: server.url, channel, hooks, ...options }).then(
    () => undefined,
    caught => {
      assert(caught instanceof SessionError, caught)
      return caught
    },
  )
  return { error, server, events, answers: server.requests.slice(1).map(({ body }) => body) } satisfies Ran
}

describe('the requests', () => {
  test('are those of the protocol, over one connection', async () => {
    const { error, server, answers, events } = await run([`aa06 ${query}`, 'aa00', 204])
    assert.equal(error, undefined)
    const [first, second] = server.requests
    assert.equal(first!.method, 'POST')
    assert.equal(first!.url, '/rt/hsm')
    assert.equal(first!.body, `e81ac018${toHex(atr)}`)
    assert.deepEqual(first!.headerNames, [
      ...['Host', 'Content-Type', 'Accept', 'X-Admin-Protocol', 'Content-Length', 'Connection'],
    ])
    assert.equal(first!.headers['content-type'], 'application/org.openscdp-content-mgt-response;version=1.0')
    assert.equal(first!.headers['x-admin-protocol'], 'openscdp-remote-admin/1.0')
    assert.equal(first!.headers.accept, '*/*')
    assert.deepEqual(answers, ['ab0723029000800101', 'ab03800100'])
    assert.equal(second!.port, first!.port)
    assert.deepEqual(events, ['connected', '00200081 9000'])
  })

  test('carry user and password of the URL, and its query', async () => {
    await using server = await scriptedServer([204])
    const url = server.url.replace('http://', 'http://us%40er:p%3Aw@').replace('/rt/hsm', '/rt/hsm?secret=1')
    await runSession({ url, channel: card() })
    const { headers, url: target } = server.requests[0]!
    assert.equal(target, '/rt/hsm?secret=1')
    assert.equal(headers.authorization, `Basic ${Buffer.from('us@er:p:w').toString('base64')}`)
  })

  test('carry cookies as the server rotates them, of matching paths only', async () => {
    const set =
      (...cookies: string[]) =>
      (response: Parameters<Exclude<Reply, string | number>>[0]) =>
        sendTemplate(response, 'aa00', { 'Set-Cookie': cookies })
    const { server } = await run([
      set('RSESS=abc; Path=/rt; HttpOnly'),
      set('RSEQ=1; Path=/rt', 'OTHER=x; Path=/other', 'TLS=x; Secure'),
      set('RSEQ=2; Path=/rt'),
      set('RSESS=; Path=/rt; Max-Age=0'),
    ])
    assert.deepEqual(
      server.requests.map(({ headers }) => headers.cookie),
      [undefined, 'RSESS=abc', 'RSESS=abc; RSEQ=1', 'RSESS=abc; RSEQ=2', 'RSEQ=2'],
    )
  })

  test('go through the proxy that the environment names', async () => {
    await using proxy = await scriptedServer([204])
    process.env.http_proxy = proxy.url
    try {
      await runSession({ url: 'http://keytether.invalid/rt/hsm', channel: card() })
    } finally {
      delete process.env.http_proxy
    }
    assert.equal(proxy.requests[0]!.headers.host, 'keytether.invalid')
  })

  test('are sent once more if the connection had gone stale', async () => {
    const dying = (response: Parameters<Exclude<Reply, string | number>>[0]) => response.socket!.destroy()
    const { error, answers, server } = await run([`aa06 ${query}`, dying, 'aa00', 204])
    assert.equal(error, undefined)
    assert.deepEqual(answers, ['ab0723029000800101', 'ab0723029000800101', 'ab03800100'])
    assert.notEqual(server.requests[1]!.port, server.requests[2]!.port)
  })
})

describe('a template', () => {
  const rows: readonly (readonly [name: string, template: string, answer: string, events: readonly string[]])[] = [
    ['with nothing to do', 'aa00', 'ab03800100', []],
    ['a batch', `aa0c ${query} ${query}`, 'ab0b 23029000 23029000 800102', ['00200081 9000', '00200081 9000']],
    ['a reset', 'aa02 c000', 'ab07 c0023b01 800100', ['reset 3b01']],
    ['a reset with a value', 'aa03 c001ff', 'ab07 c0023b01 800100', ['reset 3b01']],
    [
      'a batch with a reset in the middle',
      `aa0e ${query} c000 ${query}`,
      'ab0f 23029000 c0023b01 23029000 800102',
      ['00200081 9000', 'reset 3b01', '00200081 9000'],
    ],
    ['a message', 'aa0d e00b 020101 0c06 537465702031', 'ab03800100', ['(1) Step 1']],
    [
      'messages between commands',
      `aa20 e00d 0202012c 0c07 4772c3b6c39f65 ${query} e009 020100 0c04 446f6e65`,
      'ab07 23029000 800101',
      ['(300) Größe', '00200081 9000', '(0) Done'],
    ],
    ['a message without text, and with the time it takes', 'aa08 e006 020105 c30109', 'ab03800100', ['(5) ']],
    ['a message with terminal escapes', 'aa0d e00b 020101 0c06 1b5b324a0a21', 'ab03800100', ['(1)  [2J !']],
    ['lengths longer than needed', 'aa820007 228104 00200081', 'ab0723029000800101', ['00200081 9000']],
    ['bytes after the template are ignored', 'aa00 aa06 2204 00200081', 'ab03800100', []],
    ['a command that is too short', 'aa07 2203 002000 2200', 'ab0b 23026700 23026700 800102', ['002000 6700', ' 6700']],
  ]
  for (const [name, template, answer, expected] of rows) {
    test(name, async () => {
      const channel = card()
      const { error, answers, events } = await run([template, 204], channel)
      assert.equal(error, undefined)
      assert.deepEqual(answers, [answer.replaceAll(' ', '')])
      assert.deepEqual(events, ['connected', ...expected])
      assert(!channel.commands.some(({ length }) => length < 8))
    })
  }

  test('sent in chunks, or over a connection that is closed', async () => {
    const chunked = (response: Parameters<Exclude<Reply, string | number>>[0]) => {
      response.writeHead(200)
      response.write(fromHex('aa06'))
      response.end(fromHex('220400200081'))
    }
    const closing = (response: Parameters<Exclude<Reply, string | number>>[0]) =>
      sendTemplate(response, 'aa00', { Connection: 'close' })
    const { error, answers } = await run([chunked, closing, 204])
    assert.equal(error, undefined)
    assert.deepEqual(answers, ['ab0723029000800101', 'ab03800100'])
  })

  test('whose answers do not fit ends early, with the right count', async () => {
    const big = 'aa'.repeat(40_000)
    const { error, answers } = await run(
      [`aa0c ${query} ${query}`, 204],
      card(() => big),
    )
    assert.equal(error?.code, 'CARD')
    assert(answers[0]!.startsWith(`ab829c5f23829c40${big}e1160c14`))
    assert(answers[0]!.endsWith('800101'))
  })

  test('of many long answers is carried out in parts', async () => {
    const batches: number[] = []
    const channel: Channel = {
      ...card(),
      async transmit(commands) {
        batches.push(commands.length)
        return commands.map(() => new Uint8Array(4_000).fill(0x90))
      },
    }
    const read = '2207 00b00000000000'
    const { answers } = await run([`aa81${toHex(Uint8Array.of(9 * 16))}${read.repeat(16)}`, 204], channel)
    assert.deepEqual(batches, [15, 1])
    assert.equal(answers[0]!.length / 2, 4 + 16 * 4_004 + 3)
  })
})

describe('what ends a session', () => {
  const noBody = (response: Parameters<Exclude<Reply, string | number>>[0]) => {
    response.writeHead(200, { 'Content-Length': 8 })
    response.flushHeaders()
  }
  const shortBody = (response: Parameters<Exclude<Reply, string | number>>[0]) => {
    response.writeHead(200, { 'Content-Length': 100 })
    response.write(fromHex('aa06220400200081'))
    setTimeout(() => response.socket?.destroy(), 20)
  }
  const otherProtocol = (response: Parameters<Exclude<Reply, string | number>>[0]) => {
    response.writeHead(101, { Connection: 'Upgrade', Upgrade: 'websocket' }).end()
  }
  const silent = () => {}
  const rows: readonly (readonly [name: string, replies: readonly Reply[], code: SessionErrorCode, message: RegExp])[] =
    [
      ['404 at once', [404], 'STATUS', /does not know the URL.*\(HTTP 404\)$/],
      ['404 later', ['aa00', 404], 'STATUS', /HTTP 404/],
      ['504 at once', [504], 'STATUS', /does not want this card/],
      ['504 later', ['aa00', 504], 'STATUS', /gave up/],
      ['a redirection', [r => r.writeHead(302, { Location: '/elsewhere' }).end()], 'STATUS', /HTTP 302/],
      ...([201, 202, 206, 301, 307, 400, 401, 403, 405, 409, 410, 413, 429, 500, 502, 503] as const).map(
        status => [`status ${status}`, [status], 'STATUS', new RegExp(`HTTP ${status}`)] as const,
      ),
      ['an empty body', [''], 'TEMPLATE', /not a command template/],
      ['a page', [Buffer.from('<html>'.padEnd(200)).toString('hex')], 'TEMPLATE', /card sides/],
      ['an indefinite length', ['aa80 0000'], 'TEMPLATE', /length byte 80/],
      ['a length of three bytes', ['aa83 000000'], 'TEMPLATE', /length not in its shortest form/],
      ['a template cut short', ['aa06 2204 0020'], 'TEMPLATE', /wanted 6 bytes/],
      ['no body within the time', [noBody], 'TEMPLATE', /incomplete/],
      ['a connection that ends within the body', [shortBody], 'TEMPLATE', /incomplete/],
      ['an element cut short', ['aa06 2206 00200081'], 'ENCODING', /malformed/],
      ['an element of indefinite length', ['aa02 2280'], 'ENCODING', /malformed/],
      ['a message with a number of five bytes', ['aa0b e009 02050000000001 0c00'], 'ENCODING', /malformed/],
      ['an unknown element', ['aa02 9900'], 'ELEMENT', /99/],
      ['E1 from the server', ['aa05 e103 0c0141'], 'ELEMENT', /E1/],
      ['a two-byte tag', ['aa04 5f200100'], 'ELEMENT', /5F20/],
      ['a response from the server', ['aa04 23029000'], 'ELEMENT', /23/],
      ['a message with a negative number', ['aa0e e006 0201ff 0c0141 2204 00200081'], 'NOTICE', /says: A/],
      ['another protocol', [otherProtocol], 'NETWORK', /closed without an answer/],
      ['silence', [silent], 'TIMEOUT', /no answer within/],
      ['silence later', ['aa00', silent], 'TIMEOUT', /no answer within/],
    ]
  for (const [name, replies, code, message] of rows) {
    test(name, async () => {
      const { error } = await run(replies, card(), { timeoutMs: 100 })
      assert.equal(error?.code, code)
      assert.match(error.message, message)
    })
  }

  test('the reason that comes with a status is passed on', async () => {
    const { error } = await run([r => r.writeHead(504).end('not a card of \u001b[31mours\n')])
    assert.equal(error?.message, 'the server does not want this card (HTTP 504): not a card of  [31mours')
  })

  test('nothing of a malformed template is carried out, and the server is told', async () => {
    const channel = card()
    const { answers } = await run([`aa08 ${query} 9900`, 204], channel)
    assert.deepEqual(channel.commands, [])
    assert.match(answers[0]!, /^ab..e1..0c.+800100$/)
    assert.match(Buffer.from(answers[0]!, 'hex').toString('latin1'), /tag 99 is not allowed here/)
  })

  test('an incomplete body is not carried out, and the server is told', async () => {
    const channel = card()
    const { answers } = await run([shortBody, 204], channel)
    assert.deepEqual(channel.commands, [])
    assert.match(Buffer.from(answers[0]!, 'hex').toString('latin1'), /incomplete/)
  })

  test('a message with a negative number: the rest is not carried out, nothing is posted', async () => {
    const channel = card()
    const { answers, events, error } = await run(['aa0e e006 0201ff 0c0141 2204 00200081'], channel)
    assert.deepEqual([channel.commands, answers, events], [[], [], ['connected', '(-1) A']])
    assert.equal(error?.number, -1)
  })

  test('the server is told that it was cancelled', async () => {
    const controller = new AbortController()
    const hold: Reply = () => setTimeout(() => controller.abort(), 20)
    const { error, answers } = await run(['aa00', hold, 204], card(), { signal: controller.signal })
    assert.equal(error?.code, 'CANCELLED')
    assert.equal(answers[1], `ab10e10b0c09${Buffer.from('cancelled').toString('hex')}800100`)
  })

  test('a server that does not hold requests, and has nothing for the card, is not asked without a pause', async () => {
    for (const template of ['aa00', 'aa08 e006 020101 0c0141']) {
      const { server, error } = await run(Array(1000).fill(template), card(), { signal: AbortSignal.timeout(400) })
      assert.equal(error?.code, 'CANCELLED')
      assert(server.requests.length <= 12, `${server.requests.length} requests`)
    }
  })

  test('a body without end is not read to its end', async () => {
    const endless: Reply = response => {
      response.writeHead(200)
      const timer = setInterval(() => response.write(Buffer.alloc(65_536, 0xaa)), 1)
      response.on('close', () => clearInterval(timer))
    }
    assert.equal((await run([endless])).error?.code, 'TEMPLATE')
  })
})

describe('a card that fails', () => {
  const failing = (after: number) => {
    let count = 0
    return card(() => (count++ < after ? '9000' : new PcscLike('Transaction failed.')))
  }
  const text = Buffer.from('Transaction failed.').toString('hex')

  test('midway: the answers before it, the reason, the count; then the session is over', async () => {
    const { error, answers, events } = await run([`aa12 ${query} ${query} ${query}`, 204], failing(1))
    assert.deepEqual(answers, [`ab1e23029000e1150c13${text}800101`])
    assert.equal(error?.code, 'CARD')
    assert.deepEqual(events.slice(1), ['00200081 9000', '00200081 failed', 'failed: Transaction failed.'])
  })

  test('on reset: the reason, and no more', async () => {
    const { error, answers, events } = await run([`aa08 c000 ${query}`, 204], failing(0))
    assert.deepEqual(answers, [`ab1ae1150c13${text}800100`])
    assert.equal(error?.code, 'CARD')
    assert.deepEqual(events, ['connected'])
  })

  test('and a server that goes on: so does the session', async () => {
    const { error } = await run([`aa06 ${query}`, 'aa00', 204], failing(0))
    assert.equal(error, undefined)
  })
})

describe('a policy', () => {
  const mac = `8e08${'00'.repeat(8)}`
  const rows: readonly (readonly [
    name: string,
    command: string,
    groups: readonly ('use' | 'manage' | 'initialize')[],
  ])[] = [
    ['sign', '8068017020', ['use']],
    ['verify', '00200081', ['use']],
    ['protected sign', '8c680170', ['use']],
    ['generate a key', '00460100', ['manage']],
    ['change a PIN', '00240081', ['manage']],
    ['delete', '00e40200', ['manage']],
    ['ask for the status', '8050000000', ['use', 'initialize']],
    ['initialise', '80500000018001', ['initialize']],
    ['initialise, protected', '8c50000001', ['initialize']],
    ['ask for the status, protected', `8c5000000d970100${mac}00`, ['use', 'initialize']],
    ['ask for the status, protected and long', `8c50000000000e97020000${mac}0000`, ['use', 'initialize']],
    ['initialise, protected, after Le', `8c5000001a970100870b01${'00'.repeat(10)}${mac}00`, ['initialize']],
    ['initialise, with what looks like the end', `8c5000000e9702${mac}${mac}`, ['initialize']],
    ['ask for a key domain', '8052000000', ['use', 'manage']],
    ['ask for a key domain, protected', `8c5200010d970100${mac}00`, ['use', 'manage']],
    ['import a share', `8052000020${'00'.repeat(32)}`, ['manage']],
    ['delete a key domain', '80520300', ['manage']],
    ['ask for public keys', '8054000004', ['use', 'manage']],
    ['ask for one of them', '8054020100', ['use', 'manage']],
    ['replace one', '80540101', ['manage']],
    ['an unknown instruction', '80ff0000', []],
  ]
  for (const [name, command, groups] of rows) {
    for (const group of ['use', 'manage', 'initialize'] as const) {
      const allowed = groups.includes(group)
      test(`${group}: ${name} is ${allowed ? 'let through' : 'refused'}`, async () => {
        const channel = card()
        const length = (command.length / 2).toString(16).padStart(2, '0')
        const outer = (command.length / 2 + 2).toString(16).padStart(2, '0')
        const { answers } = await run([`aa${outer}22${length}${command}`, 204], channel, { allow: [group] })
        assert.deepEqual(channel.commands, allowed ? [command] : [])
        assert.deepEqual(answers, [`ab072302${allowed ? '9000' : '6982'}800101`])
      })
    }
  }

  test('what is refused does not disturb the order of the answers', async () => {
    const channel = card(command => `${command.slice(2, 4)}9000`)
    const { answers } = await run(['aa12 2204 00200081 2204 00460000 2204 00840000', 204], channel, { allow: ['use'] })
    assert.deepEqual(answers, ['ab112303209000230269822303849000800103'])
  })
})

describe('a server that cannot be reached', () => {
  const session = (url: string) =>
    runSession({ url, channel: card() }).then(
      () => assert.fail('connected'),
      error => (error as SessionError).code,
    )

  test('by its URL or its name', async () => {
    assert.equal(await session('http://'), 'URL')
    assert.equal(await session('https://a b/'), 'URL')
    assert.equal(await session('ftp://example.com/'), 'SCHEME')
    assert.equal(await session('http://keytether.invalid/'), 'HOST')
    assert.equal(await session('keytether.invalid/rt/hsm'), 'HOST')
  })

  test('because nothing listens, or something else does', async t => {
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => socket.resetAndDestroy())
    })
    t.after(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    assert.equal(await session(`http://127.0.0.1:${port}/`), 'NETWORK')
    assert.equal(await session(`https://127.0.0.1:${port}/`), 'CONNECT')
    server.close()
    assert.equal(await session(`http://127.0.0.1:${port}/`), 'CONNECT')
    await using plain = await scriptedServer([])
    assert.equal(await session(plain.url.replace('http:', 'https:')), 'CONNECT')
  })
})
