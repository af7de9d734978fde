/** One session over a WebSocket, and how it is found out whether there is one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type Channel, ChannelError } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { type WebSocket, WebSocketServer } from 'ws'
import { SessionError, type SessionErrorCode } from './errors.ts'
import { runSession, type SessionOptions } from './session.ts'

interface Card extends Channel {
  readonly commands: string[]
}

function card(respond: (command: string) => string | Promise<string> = () => '9000'): Card {
  const commands: string[] = []
  return {
    atr: fromHex('3b00'),
    commands,
    transmit: batch =>
      Promise.all(
        batch.map(async command => {
          commands.push(toHex(command))
          return fromHex(await respond(toHex(command)))
        }),
      ),
    reset: async () => fromHex('3b01'),
    close: async () => {},
  }
}

/** A server that takes the card side in, pings it, and then does what the test says. */
async function server(t: TestContext, then: (peer: Peer) => unknown, { ping = true } = {}) {
  const http = createHttpServer()
  const sockets = new WebSocketServer({ server: http, handleProtocols: () => 'keytether-ram.v1' })
  const requests: { readonly url: string | undefined; readonly authorization: string | undefined }[] = []
  sockets.on('connection', (socket, { url, headers }) => {
    requests.push({ url, authorization: headers.authorization })
    const answers: string[] = []
    socket.once('message', initiation => {
      answers.push(toHex(initiation as Buffer))
      socket.on('message', answer => answers.push(toHex(answer as Buffer)))
      if (ping) socket.ping()
      const send = (hex: string) => socket.send(fromHex(hex))
      const until = async (count: number) => {
        while (answers.length < count) await once(socket, 'message')
        return answers
      }
      void then({ socket, answers, send, until })
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
    http.close()
    http.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/rt/hsm`, requests }
}

interface Peer {
  readonly socket: WebSocket
  readonly answers: string[]
  send(hex: string): void
  /** Waits until so many messages have come, the initiation among them. */
  until(count: number): Promise<string[]>
}

function fails(options: SessionOptions, code: SessionErrorCode, message = /./): Promise<void> {
  return assert.rejects(runSession(options), error => {
    assert(error instanceof SessionError, String(error))
    assert.deepEqual([error.code, message.test(error.message)], [code, true], `${error.code} ${error.message}`)
    return true
  })
}

describe('a session', () => {
  test('introduces the card, carries commands out in order, and answers each under its number', async t => {
    let came: string[] = []
    const { url, requests } = await server(t, async ({ socket, send, until }) => {
      send('00000001 aa0e 2204 00200081 c000 2204 00460000')
      send('00000002 aa00')
      send('00000003 aa06 2204 00840000')
      came = await until(4)
      socket.close(1000)
    })
    const events: string[] = []
    const channel = card(async command => {
      await new Promise(resolve => setImmediate(resolve))
      return `${command.slice(2, 4)}9000`
    })
    const hooks = { connected: () => events.push('connected'), reset: () => events.push('reset') }
    await runSession({ url: url.replace('//', '//ward-7:s%2Fcret@'), channel, hooks })
    assert.deepEqual(came, [
      'e804c0023b00',
      '00000001ab11 2303209000 c0023b01 2303469000 800102'.replaceAll(' ', ''),
      '00000002ab03800100',
      '00000003ab082303849000800101',
    ])
    assert.deepEqual(channel.commands, ['00200081', '00460000', '00840000'])
    assert.deepEqual(events, ['connected', 'reset'])
    const authorization = `Basic ${Buffer.from('ward-7:s/cret').toString('base64')}`
    assert.deepEqual(requests, [{ url: '/rt/hsm', authorization }])
  })

  test('lets only the groups through that are allowed', async t => {
    let came: string[] = []
    const { url } = await server(t, async ({ socket, send, until }) => {
      send('00000001 aa0c 2204 00200081 2204 00460000')
      came = await until(2)
      socket.close(1000)
    })
    const channel = card()
    await runSession({ url, channel, allow: ['use'] })
    assert.equal(came[1], '00000001ab0b2302900023026982800102')
    assert.deepEqual(channel.commands, ['00200081'])
  })

  test('shows messages, also those that are the last', async t => {
    const notices: (readonly [number, string])[] = []
    const hooks = { notice: (number: number, text: string) => notices.push([number, text]) }
    const { url } = await server(t, ({ socket, send }) => {
      send('00000001 aa08 e006 020101 0c0161')
      send('00000002 aa08 e006 0201ff 0c0162')
      socket.close(1000)
    })
    await fails({ url, channel: card(), hooks }, 'NOTICE', /the server says: b/)
    assert.deepEqual(notices, [
      [1, 'a'],
      [-1, 'b'],
    ])
  })

  test('carries nothing out any more once it is over', async t => {
    const { url } = await server(t, ({ socket, send }) => {
      send('00000001 aa06 2204 00200081')
      send('00000002 aa06 2204 00840000')
      socket.close(1000)
    })
    const channel = card(async () => {
      await new Promise(resolve => setTimeout(resolve, 50))
      return '9000'
    })
    await runSession({ url, channel })
    assert(channel.commands.length <= 1)
  })

  test('tells why the card failed', async t => {
    let came: string[] = []
    const { url } = await server(t, async ({ socket, send, until }) => {
      send('00000001 aa06 2204 00200081')
      came = await until(2)
      socket.close(1000)
    })
    const channel: Channel = {
      ...card(),
      transmit: async () => {
        throw new ChannelError('REMOVED', 'gone')
      },
    }
    await fails({ url, channel }, 'CARD', /gone/)
    assert.equal(came[1], `00000001ab0be1060c04${Buffer.from('gone').toString('hex')}800100`)
  })

  test('says good-bye, with the reason if there is one', async t => {
    const closed = Promise.withResolvers<string>()
    const stop = new AbortController()
    const { url } = await server(t, ({ socket }) => {
      socket.on('close', (code, reason) => closed.resolve(`${code} ${reason}`))
      stop.abort('the card was removed')
    })
    await fails({ url, channel: card(), signal: stop.signal }, 'CANCELLED', /the card was removed/)
    assert.equal(await closed.promise, '1000 the card was removed')
    await fails({ url, channel: card(), signal: AbortSignal.abort() }, 'CANCELLED')
  })

  for (const [name, message, code, reason] of [
    ['an unknown element', '00000001 aa02 9900', 'ELEMENT', /tag 99/],
    ['cut short', '00000001 aa06 2204 0020', 'ENCODING', /malformed/],
    ['a response', '00000001 ab03 800100', 'ELEMENT', /wanted tag AA/],
    ['nothing', '', 'ENCODING', /malformed/],
  ] as const) {
    test(`refuses a message: ${name}`, async t => {
      const closed = Promise.withResolvers<number>()
      const { url } = await server(t, ({ socket, send }) => {
        socket.on('close', closed.resolve)
        send(message)
      })
      await fails({ url, channel: card() }, code, reason)
      assert.equal(await closed.promise, 4400)
    })
  }

  test('refuses text, what is too long, and more at once than it has to keep', async t => {
    const text = await server(t, ({ socket }) => socket.send('text'))
    await fails({ url: text.url, channel: card() }, 'TEMPLATE', /text/)
    const long = await server(t, ({ socket }) => socket.send(new Uint8Array(70_000)))
    await fails({ url: long.url, channel: card() }, 'TEMPLATE', /broke the rules: Max payload/)
    const many = await server(t, ({ send }) => {
      for (let number = 1; number <= 65; number++) send(`${number.toString(16).padStart(8, '0')} aa06 2204 00200081`)
    })
    await fails(
      { url: many.url, channel: card(() => new Promise(resolve => setTimeout(resolve, 5, '9000'))) },
      'TEMPLATE',
      /more commands/,
    )
  })

  test('does not hide a defect', async t => {
    const closed = Promise.withResolvers<string>()
    const { url } = await server(t, ({ socket, send }) => {
      socket.on('close', (code, reason) => closed.resolve(`${code} ${reason}`))
      send('00000001 aa06 2204 00200081')
    })
    const channel = card(() => {
      throw new TypeError('a defect')
    })
    await assert.rejects(runSession({ url, channel }), TypeError)
    assert.equal(await closed.promise, '4500 internal error')
  })

  for (const [close, code, message] of [
    [4503, 'STATUS', /^the server is not available \(HTTP 503\): see you$/],
    [4504, 'STATUS', /^the server gave up \(HTTP 504\): see you$/],
    [1011, 'NETWORK', /^the connection broke \(WebSocket code 1011\)$/],
  ] as const) {
    test(`ended by the server with ${close}`, async t => {
      const { url } = await server(t, ({ socket }) => socket.close(close, 'see you'))
      await fails({ url, channel: card() }, code, message)
    })
  }

  test('that breaks, and one that goes silent', async t => {
    const broken = await server(t, ({ socket }) => setTimeout(() => socket.terminate(), 20))
    await fails({ url: broken.url, channel: card() }, 'NETWORK', /^the connection broke$/)
    const silent = await server(t, () => {})
    await fails({ url: silent.url, channel: card() }, 'TIMEOUT', /nothing came for 9 s/)
  })
})

describe('where there is no WebSocket, the session goes on with RAMOverHTTP', () => {
  const http = async (url: string) => {
    await runSession({ url, channel: card() })
  }

  for (const status of [200, 204, 302, 400, 401, 403, 404, 405, 426, 500, 501, 503]) {
    test(`since the server says ${status}`, async t => {
      let asked = 0
      let posts = 0
      const stock = createHttpServer((request, response) => {
        if (request.method === 'GET') asked++
        else posts++
        response.writeHead(request.method === 'GET' ? status : 204).end()
      })
      stock.listen(0, '127.0.0.1')
      await once(stock, 'listening')
      t.after(() => stock.close())
      await http(`http://127.0.0.1:${(stock.address() as AddressInfo).port}/`)
      assert.deepEqual([asked, posts], [1, 1])
    })
  }

  /** Does something else with the first connection, and is a RAMOverHTTP server to the next ones. */
  async function inBetween(t: TestContext, first: (socket: Socket, request: string) => void): Promise<string> {
    let connections = 0
    const sockets = new Set<Socket>()
    const stock = createServer(socket => {
      sockets.add(socket.on('error', () => {}))
      const isFirst = connections++ === 0
      socket.once('data', data => {
        if (isFirst) first(socket, String(data))
        else socket.end('HTTP/1.1 204 No Content\r\n\r\n')
      })
    })
    stock.listen(0, '127.0.0.1')
    await once(stock, 'listening')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      stock.close()
    })
    return `http://127.0.0.1:${(stock.address() as AddressInfo).port}/`
  }

  test('since the question breaks the connection', async t => {
    await http(await inBetween(t, socket => socket.resetAndDestroy()))
    await http(await inBetween(t, socket => socket.end()))
  })

  test('since the answer is no HTTP', async t => {
    await http(await inBetween(t, socket => socket.end('220 mail.example.com ESMTP\r\n')))
  })

  test('since somebody takes WebSockets, but not ours', async t => {
    const accept = (socket: Socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    await http(await inBetween(t, accept))
  })

  test('since somebody takes it, and breaks it off', async t => {
    const { url, requests } = await server(t, ({ socket }) => socket.terminate(), { ping: false })
    // This one has no answer to a POST either.
    await assert.rejects(runSession({ url, channel: card(), timeoutMs: 200 }), { code: 'TIMEOUT' })
    assert.equal(requests.length, 1)
  })

  test('since it is told to', async t => {
    let asked = 0
    const stock = createHttpServer((request, response) => {
      if (request.method === 'GET') asked++
      response.writeHead(204).end()
    })
    stock.listen(0, '127.0.0.1')
    await once(stock, 'listening')
    t.after(() => stock.close())
    const url = `http://127.0.0.1:${(stock.address() as AddressInfo).port}/`
    await runSession({ url, channel: card(), transport: 'http' })
    assert.equal(asked, 0)
  })
})
