import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ChannelError, type ChannelErrorCode } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { RawRamClient } from '@keytether/test/raw-ram-client'
import type { CardSession } from './card-session.ts'
import { RamEndpoint, type RamEndpointOptions } from './endpoint.ts'
import { ramServerOptions } from './http-options.ts'

const atr = '3bfe1800008131fe458031815448534d31738021408107fa'
const initiation = `e81ac018${atr}`
const query = '00200081'
const nothing = 'aa00'
const kept = 'ab03800100'

interface Served {
  readonly url: string
  readonly endpoint: RamEndpoint
  readonly sessions: CardSession[]
}

async function serve(t: TestContext, options: Partial<RamEndpointOptions> = {}): Promise<Served> {
  const sessions: CardSession[] = []
  const endpoint = new RamEndpoint({
    path: '/rt/hsm',
    secure: false,
    onSession: session => sessions.push(session),
    ...options,
  })
  const server = createServer(ramServerOptions, (request, response) => endpoint.handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    endpoint.close()
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rt/hsm`, endpoint, sessions }
}

function client(t: TestContext, { url }: Served, options?: ConstructorParameters<typeof RawRamClient>[1]) {
  const raw = new RawRamClient(url, options)
  t.after(() => raw.close())
  return raw
}

/** A session whose first answer carried `query`, so that the client owes the answer. */
async function begun(t: TestContext, served: Served, options?: ConstructorParameters<typeof RawRamClient>[1]) {
  const raw = client(t, served, options)
  const first = raw.post(initiation)
  const session = await sessionOf(served)
  const answers = session.transmit([fromHex(query)])
  answers.catch(() => {})
  const answer = await first
  assert.equal(answer.body, 'aa06220400200081')
  return { raw, session, answers, first: answer }
}

/** The next session that begins. */
async function sessionOf({ sessions }: Served): Promise<CardSession> {
  for (let i = 0; i < 500 && sessions.length === 0; i++) await sleep(2)
  return sessions.shift()!
}

function hexes(list: readonly Uint8Array[]): string[] {
  return list.map(toHex)
}

async function fails(work: Promise<unknown>, code: ChannelErrorCode, message = /./): Promise<void> {
  await assert.rejects(work, error => {
    assert(error instanceof ChannelError)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })
}

test('a session begins with exactly one cookie and ends in order', async t => {
  const served = await serve(t)
  const { raw, session, answers, first } = await begun(t, served)
  assert.equal(first.cookies.length, 1)
  assert.match(first.cookies[0]!, /^RSESS=[\w-]{24}; Path=\/rt\/hsm; HttpOnly$/)
  assert.equal(first.headers['content-length'], '8')
  assert.equal(first.headers['cache-control'], 'no-store')
  assert.equal(first.headers['content-type'], 'application/org.openscdp-content-mgt-request;version=1.0')
  assert.equal(toHex(session.atr), atr)
  const second = raw.post('ab07230263c3800101')
  assert.deepEqual(hexes(await answers), ['63c3'])
  await session.close()
  const end = await second
  assert.deepEqual([end.status, end.body, end.cookies.length], [204, '', 0])
  assert.equal((await session.closed).code, 'CLOSED')
  assert.equal(served.endpoint.sessionCount, 0)
  await fails(session.transmit([fromHex(query)]), 'CLOSED')
})

test('over TLS the cookie is marked Secure', async t => {
  const { first } = await begun(t, await serve(t, { secure: true }))
  assert.match(first.cookies[0]!, /; Secure$/)
})

test('commands that are transmitted as the session begins go out with the first answer', async t => {
  let answers: Promise<Uint8Array[]> | undefined
  const served = await serve(t, {
    onSession(session) {
      answers = session.transmit([fromHex(query), fromHex('0084000008')])
    },
  })
  const raw = client(t, served)
  assert.equal((await raw.post(initiation)).body, 'aa0d 2204 00200081 2205 0084000008'.replaceAll(' ', ''))
  void raw.post('ab13 2302 9000 230a 0102030405060708 9000 800102').catch(() => {})
  assert.deepEqual(hexes((await answers)!), ['9000', '01020304050607089000'])
})

test('each template after the first carries its number', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  for (let number = 1; number <= 3; number++) {
    const next = raw.post('ab07230263c3800101')
    const work = session.transmit([fromHex(query)])
    work.catch(() => {})
    assert.deepEqual((await next).cookies, [`RSEQ=${number}; Path=/rt/hsm; HttpOnly`])
  }
})

test('what is queued while the client is away goes out together with its next answer, and each call gets its own', async t => {
  const served = await serve(t)
  const { raw, session, answers } = await begun(t, served)
  const second = session.transmit([fromHex('0084000001'), fromHex('0084000002')])
  const told = session.notify(1, 'a')
  const reset = session.reset()
  const third = session.transmit([fromHex('0084000003')])
  assert.equal(
    (await raw.post('ab0723029000800101')).body,
    'aa1f 22050084000001 22050084000002 e006 020101 0c0161 c000 22050084000003'.replaceAll(' ', ''),
  )
  assert.deepEqual(hexes(await answers), ['9000'])
  void raw.post('ab16 2303 119000 2303 229000 c0023b01 2303 339000 800103').catch(() => {})
  assert.deepEqual(hexes(await second), ['119000', '229000'])
  assert.equal(toHex(await reset), '3b01')
  assert.deepEqual(hexes(await third), ['339000'])
  await told
})

test('what callers ask as soon as they have their answers goes out together', async t => {
  const served = await serve(t)
  const raw = client(t, served)
  const templates: number[] = []
  const over = raw.post(initiation).then(async ({ body }) => {
    for (let asked = body; asked !== ''; ) {
      const count = asked.match(/2204/g)?.length ?? 0
      templates.push(count)
      const answer = `${'23029000'.repeat(count)}80010${count}`
      asked = (await raw.post(`ab${(answer.length / 2).toString(16).padStart(2, '0')}${answer}`)).body
    }
  })
  const session = await sessionOf(served)
  const caller = async () => {
    for (let i = 0; i < 3; i++) {
      await session.transmit([fromHex(query)])
      // On the way back up, a caller has some layers to pass.
      for (let layer = 0; layer < 20; layer++) await undefined
    }
  }
  await Promise.all([caller(), caller()])
  await session.close()
  await over
  assert.deepEqual(templates, [2, 2, 2])
})

test('an error of one template fails all calls in it', async t => {
  const served = await serve(t)
  const { raw, session, answers } = await begun(t, served)
  const works = [session.transmit([fromHex(query)]), session.transmit([fromHex(query)])]
  const outcomes = works.map(work => fails(work, 'REMOVED', /gave up: gone/))
  await raw.post('ab0723029000800101')
  await answers
  await raw.post('ab0f 23029000 e106 0c04 676f6e65 800101')
  await Promise.all(outcomes)
})

test('a batch too large for one template goes out in several', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const commands = Array.from({ length: 130 }, () => fromHex(query))
  const work = session.transmit(commands)
  const next = await raw.post('ab0723029000800101')
  assert.equal(next.body.match(/220400200081/g)?.length, 127)
  const answer = (count: number) => {
    const content = `${'23029000'.repeat(count)}8001${count.toString(16).padStart(2, '0')}`
    return `ab82${(content.length / 2).toString(16).padStart(4, '0')}${content}`
  }
  assert.equal((await raw.post(answer(127))).body.match(/220400200081/g)?.length, 3)
  void raw.post(answer(3)).catch(() => {})
  assert.equal((await work).length, 130)
})

test('an idle request is answered with nothing to do, earlier for old clients', async t => {
  const served = await serve(t, { timing: { pollMs: 150, oldPollMs: 40 } })
  const old = client(t, served, { protocol: 'globalplatform-remote-admin/1.0' })
  const answered: string[] = []
  const ask = async (name: string, one: typeof old) => {
    assert.equal((await one.post(initiation)).body, nothing)
    answered.push(name)
  }
  await Promise.all([ask('new', client(t, served)), ask('old', old)])
  assert.deepEqual(answered, ['old', 'new'])
})

test('a keep-alive and its answer go on until there is work', async t => {
  const served = await serve(t, { timing: { pollMs: 20 } })
  const raw = client(t, served)
  assert.equal((await raw.post(initiation)).body, nothing)
  const session = await sessionOf(served)
  for (let i = 0; i < 3; i++) assert.equal((await raw.post(kept)).body, nothing)
  const work = session.transmit([fromHex(query)])
  assert.equal((await raw.post(kept)).body, 'aa06220400200081')
  void raw.post('ab0723029000800101').catch(() => {})
  assert.deepEqual(hexes(await work), ['9000'])
})

test('reset gives the new ATR; resets and commands keep their order', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const reset = session.reset()
  assert.equal((await raw.post('ab0723029000800101')).body, 'aa02c000')
  void raw.post('ab07c0023b01800100').catch(() => {})
  assert.equal(toHex(await reset), '3b01')
  assert.equal(toHex(session.atr), '3b01')
})

test('messages: progress, completion, and the error after which the session is over', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const told = session.notify(300, 'Größe')
  assert.equal((await raw.post('ab0723029000800101')).body, 'aa0fe00d0202012c0c074772c3b6c39f65')
  const last = session.notify(-1, 'wrong card')
  assert.equal((await raw.post(kept)).body, 'aa11e00f0201ff0c0a77726f6e672063617264')
  await Promise.all([told, last])
  assert.equal((await session.closed).code, 'CLOSED')
  // Clients that do not leave by themselves are told that this was all.
  assert.equal((await raw.post(kept)).status, 204)
  await assert.rejects(session.notify(-2, 'x'), RangeError)
  await assert.rejects(session.notify(1, 'x'.repeat(4096)), RangeError)
})

test('what is no command is refused at once', async t => {
  const served = await serve(t)
  const { session } = await begun(t, served)
  await assert.rejects(session.transmit([fromHex('0020')]), RangeError)
  await assert.rejects(session.transmit([new Uint8Array(65_532)]), RangeError)
})

test('lengths that are longer than needed, and an answer without a count, are taken', async t => {
  const served = await serve(t)
  const { raw, answers } = await begun(t, served)
  void raw.post('ab820005 23810263c3').catch(() => {})
  assert.deepEqual(hexes(await answers), ['63c3'])
})

for (const [name, body, code] of [
  ['no response', 'ab03800100', 'PROTOCOL'],
  ['a response too many', 'ab0b2302900023029000800102', 'PROTOCOL'],
  ['a reset in place of a response', 'ab07c0023b00800100', 'PROTOCOL'],
  ['a count that is too high', 'ab0723029000800102', 'PROTOCOL'],
  ['two counts', 'ab0a23029000800101800101', 'PROTOCOL'],
  ['an unknown element', 'ab0723029000990101', 'PROTOCOL'],
  ['a length beyond the end', 'ab0723099000800101', 'PROTOCOL'],
  ['bytes after the template', 'ab0723029000800101ff', 'PROTOCOL'],
  ['a template of the server', 'aa00', 'PROTOCOL'],
  ['no bytes at all', '', 'PROTOCOL'],
] as const) {
  test(`not the answer: ${name}`, async t => {
    const served = await serve(t)
    const { raw, session, answers } = await begun(t, served)
    const queued = session.transmit([fromHex(query)])
    const [answer] = await Promise.all([raw.post(body), fails(answers, code), fails(queued, code)])
    assert.equal(answer.status, 400)
    assert.equal((await session.closed).code, code)
    assert.equal((await raw.post('ab0723029000800101')).status, 400)
  })
}

test('a response without a status word means that the card vanished', async t => {
  const served = await serve(t)
  const { raw, answers } = await begun(t, served)
  const [answer] = await Promise.all([raw.post('ab052300800101'), fails(answers, 'REMOVED', /status word/)])
  assert.equal(answer.status, 504)
})

test('a card that is pulled midway: E1 fails all that is outstanding and is answered with 204', async t => {
  const served = await serve(t)
  const { raw, session, answers } = await begun(t, served)
  const queued = session.transmit([fromHex(query)])
  const text = Buffer.from('Transaction failed.').toString('hex')
  const [answer] = await Promise.all([
    raw.post(`ab1c 2300 e115 0c13 ${text} 800101`),
    fails(answers, 'REMOVED', /gave up: Transaction failed\./),
    fails(queued, 'REMOVED'),
  ])
  assert.equal(answer.status, 204)
  // Sent again, it gets the same answer.
  assert.equal((await raw.post(kept)).status, 204)
})

test('a concurrent E1 ends the session and releases the held request', async t => {
  const served = await serve(t)
  const raw = client(t, served)
  const first = raw.post(initiation)
  const session = await sessionOf(served)
  session.transmit([fromHex(query)]).catch(() => {})
  await first
  const held = raw.post('ab0723029000800101')
  await sleep(20)
  raw.newConnection()
  const cancel = await raw.post('ab17 e112 0c10 53657373696f6e2063616e63656c6564 800100')
  assert.equal(cancel.status, 204)
  assert.equal((await held).status, 204)
  assert.match((await session.closed).message, /Session canceled/)
})

test('text from the card side is shown without control characters', async t => {
  const served = await serve(t)
  const { raw, answers } = await begun(t, served)
  void raw.post('ab0b e106 0c04 1b5b3241 800100').catch(() => {})
  await fails(answers, 'REMOVED', /gave up: {2}\[2A$/)
})

test('the numbered cookie tells a repeated request from an answer with the same bytes', async t => {
  const served = await serve(t)
  const { raw, session, answers } = await begun(t, served)
  const same = 'ab07230263c3800101'
  const second = session.transmit([fromHex('0020008101')])
  const oldCookie = raw.cookie
  const template = await raw.post(same)
  assert.deepEqual(hexes(await answers), ['63c3'])
  assert.match(template.cookies[0]!, /^RSEQ=1;/)
  const third = session.transmit([fromHex('0020008102')])
  const next = await raw.post(same)
  assert.match(next.cookies[0]!, /^RSEQ=2;/)
  assert.deepEqual(hexes(await second), ['63c3'])
  // The answer with RSEQ=2 never arrived: the client's library sends again what it had sent with RSEQ=1.
  raw.break()
  const again = await raw.post(same, { cookie: `${oldCookie}; RSEQ=1` })
  assert.deepEqual([again.body, again.cookies], [next.body, next.cookies])
  void raw.post('ab0723026983800101').catch(() => {})
  assert.deepEqual(hexes(await third), ['6983'])
})

test('the answer to the initiation, repeated without a number by a client that keeps cookies', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const cookie = raw.cookie
  const work = session.transmit([fromHex('0020008101')])
  const template = await raw.post('ab07230263c3800101')
  raw.break()
  const again = await raw.post('ab07230263c3800101', { cookie })
  assert.equal(again.body, template.body)
  void raw.post('ab0723029000800101').catch(() => {})
  assert.deepEqual(hexes(await work), ['9000'])
})

test('a client that asks for the same commands again and again does not get them for ever', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const cookie = raw.cookie
  const work = session.transmit([fromHex('0020008101')])
  const outcome = fails(work, 'PROTOCOL', /5 times/)
  await raw.post('ab07230263c3800101')
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) {
    raw.break()
    statuses.push((await raw.post('ab07230263c3800101', { cookie })).status)
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 400])
  await outcome
})

test('an answer to an earlier template is never taken for that to the present one', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const second = session.transmit([fromHex('0020008101')])
  await raw.post('ab07230263c3800101')
  const third = session.transmit([fromHex('0020008102')])
  const cookie = raw.cookie
  await raw.post('ab07230263c2800101')
  await second
  const outcome = fails(third, 'PROTOCOL', /long ago/)
  assert.equal((await raw.post('ab0723029000800101', { cookie })).status, 400)
  await outcome
})

test('a client with a frozen cookie: equal answers in a row, over whatever connection', async t => {
  const served = await serve(t)
  const { raw, session, answers } = await begun(t, served, { frozen: true, protocol: '' })
  const works = [answers]
  const answerAndAskNext = async () => {
    const work = session.transmit([fromHex(query)])
    work.catch(() => {})
    works.push(work)
    await raw.post('ab0723029000800101')
  }
  await answerAndAskNext()
  await answerAndAskNext()
  raw.newConnection()
  await answerAndAskNext()
  raw.break()
  await answerAndAskNext()
  assert.deepEqual(hexes((await Promise.all(works.slice(0, 4))).flat()), Array(4).fill('9000'))
})

test('a client with a frozen cookie that did not get the template repeats its request', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served, { frozen: true, protocol: '' })
  const work = session.transmit([fromHex('0020008101')])
  const template = await raw.post('ab07230263c3800101')
  raw.break({ reset: true })
  await sleep(20)
  assert.equal((await raw.post('ab07230263c3800101')).body, template.body)
  void raw.post('ab0723029000800101').catch(() => {})
  assert.deepEqual(hexes(await work), ['9000'])
})

test('a held request whose connection breaks is repeated over another one and gets the work', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  raw.post('ab07230263c3800101').catch(() => {})
  await sleep(20)
  raw.break()
  await sleep(20)
  const work = session.transmit([fromHex(query)])
  assert.equal((await raw.post('ab07230263c3800101')).body, 'aa06220400200081')
  void raw.post('ab0723029000800101').catch(() => {})
  assert.deepEqual(hexes(await work), ['9000'])
})

test('a held request that is repeated while it is held: the new one is held instead', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const old = raw.post('ab07230263c3800101')
  await sleep(20)
  raw.newConnection()
  const held = raw.post('ab07230263c3800101')
  assert.equal((await old).status, 409)
  session.transmit([fromHex(query)]).catch(() => {})
  assert.equal((await held).body, 'aa06220400200081')
})

test('an answer to nothing does not disturb the held request', async t => {
  const served = await serve(t)
  const { raw, session } = await begun(t, served)
  const held = raw.post('ab07230263c3800101')
  await sleep(20)
  raw.newConnection()
  assert.equal((await raw.post('ab0723029000800101')).status, 409)
  session.transmit([fromHex(query)]).catch(() => {})
  assert.equal((await held).body, 'aa06220400200081')
})

test('a client that does not come back is given up', async t => {
  const served = await serve(t, { timing: { graceMs: 50 } })
  const { raw, session } = await begun(t, served)
  raw.post('ab07230263c3800101').catch(() => {})
  await sleep(20)
  raw.break()
  const work = session.transmit([fromHex(query)])
  await fails(work, 'REMOVED', /did not come back/)
  assert.equal((await raw.post('ab07230263c3800101')).status, 404)
})

test('a client whose connection ends soon after it got work is given up early', async t => {
  const served = await serve(t, { timing: { graceMs: 50 } })
  const { raw, session } = await begun(t, served)
  const answers = session.transmit([fromHex(query)])
  await raw.post('ab07230263c3800101')
  raw.break()
  await fails(answers, 'REMOVED', /did not come back/)
})

test('a client that closes its connections comes back when the card is done', async t => {
  const served = await serve(t, { timing: { graceMs: 20 } })
  const raw = client(t, served)
  const first = raw.post(initiation, { headers: { Connection: 'close' } })
  const answers = (await sessionOf(served)).transmit([fromHex(query)])
  await first
  await sleep(60)
  void raw.post('ab07230263c3800101').catch(() => {})
  assert.deepEqual(hexes(await answers), ['63c3'])
})

test('a client that does not answer a keep-alive is given up', async t => {
  const served = await serve(t, { timing: { pollMs: 10, silenceMs: 40 } })
  const raw = client(t, served)
  await raw.post(initiation)
  const session = await sessionOf(served)
  const error = await session.closed
  assert.equal(error.code, 'TIMEOUT')
  assert.match(error.message, /the client did not answer/)
})

test('after a deadline the session is over: a late answer gets 504 and reaches nobody', async t => {
  const served = await serve(t, { timing: { commandMs: 50, silenceMs: 10 } })
  const { raw, session, answers } = await begun(t, served)
  const queued = session.transmit([fromHex('0084000008')])
  await Promise.all([fails(answers, 'TIMEOUT', /the card did not answer within 0.05 s/), fails(queued, 'TIMEOUT')])
  const late = await raw.post('ab07230263c3800101')
  assert.equal(late.status, 504)
  await fails(session.transmit([fromHex(query)]), 'TIMEOUT')
})

test('slow commands have a longer deadline', async t => {
  const served = await serve(t, { timing: { commandMs: 20, silenceMs: 10, byInstruction: new Map([[0x46, 2_000]]) } })
  const raw = client(t, served)
  const first = raw.post(initiation)
  const session = await sessionOf(served)
  const work = session.transmit([fromHex('00460100')])
  await first
  await sleep(100)
  void raw.post('ab0723029000800101').catch(() => {})
  assert.deepEqual(hexes(await work), ['9000'])
})

test('closed with a reason, the session ends with 504, whether the client waits or works', async t => {
  const served = await serve(t)
  const waiting = client(t, served).post(initiation)
  await (await sessionOf(served)).close('not a card of ours')
  const answer = await waiting
  assert.equal(answer.status, 504)
  assert.equal(Buffer.from(answer.body, 'hex').toString(), 'not a card of ours\n')
  const { raw, session, answers } = await begun(t, served)
  const outcome = fails(answers, 'CLOSED', /another one of the same name/)
  await session.close('another one of the same name')
  await outcome
  assert.equal((await raw.post('ab07230263c3800101')).status, 504)
})

test('a new initiation is a new session, whatever cookie comes with it', async t => {
  const served = await serve(t)
  const { raw } = await begun(t, served)
  const old = raw.cookie
  void raw.post(initiation).catch(() => {})
  const session = await sessionOf(served)
  assert.equal(served.endpoint.sessionCount, 2)
  await session.close()
  assert.equal(raw.cookie, old)
})

test('what is not a request of a session', async t => {
  const served = await serve(t)
  const raw = client(t, served)
  const status = async (...args: Parameters<RawRamClient['post']>) => (await raw.post(...args)).status
  const got = await raw.post('', { method: 'GET' })
  assert.deepEqual([got.status, got.headers.allow], [405, 'POST'])
  assert.equal(await status('', { method: 'PUT' }), 405)
  assert.equal(await status(kept), 404)
  assert.equal(await status(kept, { cookie: 'RSESS=unknown' }), 404)
  assert.equal(await status(''), 400)
  assert.equal(await status('00'), 400)
  assert.equal(await status(Buffer.from('name=value').toString('hex')), 400)
  assert.equal(await status('e800'), 400)
  assert.equal(await status('e802c100'), 400)
  assert.equal(await status(`${initiation}00`), 400)
  assert.equal(await status(`e8820401${'00'.repeat(1025)}`), 413)
  assert.equal(await status('ab'.repeat(70_001)), 413)
  raw.newConnection()
  assert.equal(await status('ab'.repeat(70_001), { headers: { 'Transfer-Encoding': 'chunked' } }).catch(() => 413), 413)
  assert.equal(served.endpoint.sessionCount, 0)
})

test('unknown objects of an initiation are ignored, sizes noted', async t => {
  const served = await serve(t)
  client(t, served)
    .post(`e826 c018${atr} c102 0100 c202 1000 99020000`)
    .catch(() => {})
  const { info } = await sessionOf(served)
  assert.deepEqual([info.maxCommandSize, info.maxResponseSize], [256, 4096])
})

test('a secret in the URL is handed on', async t => {
  const served = await serve(t)
  const headers = { Authorization: `Basic ${Buffer.from(':s3cret').toString('base64')}` }
  for (const [url, options] of [
    [served.url, { headers }],
    [`${served.url}?enrolment=s3cret`, {}],
  ] as const) {
    client(t, { ...served, url })
      .post(initiation, options)
      .catch(() => {})
    assert.equal((await sessionOf(served)).info.enrolment, 's3cret')
  }
})

test('several session cookies: the one that is known counts', async t => {
  const served = await serve(t)
  const { raw, answers } = await begun(t, served)
  void raw.post('ab07230263c3800101', { cookie: `RSESS=other; ${raw.cookie}; x` }).catch(() => {})
  assert.deepEqual(hexes(await answers), ['63c3'])
})

test('too many sessions are turned away', async t => {
  const served = await serve(t, { maxSessions: 1 })
  await begun(t, served)
  const answer = await client(t, served).post(initiation)
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '2'])
})

test('sessions that are over are remembered for a while, but not any number of them', async t => {
  let first: CardSession | undefined
  const served = await serve(t, {
    onSession(session) {
      if (first) void session.close()
      first ??= session
    },
  })
  const raw = client(t, served)
  const cookie = raw.post(initiation).then(() => raw.cookie)
  while (first === undefined) await sleep(2)
  const answers = first.transmit([fromHex(query)])
  await cookie
  await first.close()
  await fails(answers, 'CLOSED')
  assert.equal((await raw.post(kept)).status, 204)
  const others = Array.from({ length: 10 }, () => client(t, served))
  for (let i = 0; i < 500; i++) await Promise.all(others.map(other => other.post(initiation)))
  assert.equal((await raw.post(kept)).status, 404)
  assert.equal(served.endpoint.sessionCount, 0)
})

test('as the service goes away, who waits is told 503, and who comes', async t => {
  const served = await serve(t)
  const waiting = client(t, served).post(initiation)
  const session = await sessionOf(served)
  const { raw, answers } = await begun(t, served)
  const outcome = fails(answers, 'CLOSED', /shutting down/)
  served.endpoint.close()
  await outcome
  assert.equal((await waiting).status, 503)
  assert.equal((await session.closed).code, 'CLOSED')
  assert.equal((await raw.post('ab07230263c3800101')).status, 503)
  assert.equal((await client(t, served).post(initiation)).status, 503)
})

test('a body that comes byte by byte, and one that never ends', async t => {
  const served = await serve(t)
  const { port } = new URL(served.url)
  const slow = connect(Number(port), '127.0.0.1')
  const head = `POST /rt/hsm HTTP/1.1\r\nHost: x\r\nContent-Length: ${initiation.length / 2}\r\n\r\n`
  slow.write(head)
  for (const byte of fromHex(initiation)) {
    slow.write(Uint8Array.of(byte))
    await sleep(1)
  }
  await (await sessionOf(served)).close()
  const [data] = await once(slow, 'data')
  assert.match(String(data), /^HTTP\/1\.1 204 /)
  slow.write(head)
  slow.write(fromHex('e81a'))
  await sleep(20)
  slow.destroy()
  await sleep(20)
  assert.equal(served.endpoint.sessionCount, 0)
  assert.equal(served.sessions.length, 0)
})

test('a thousand sessions at once, idle and each with work', async t => {
  const served = await serve(t, { timing: { pollMs: 300 } })
  const clients = Array.from({ length: 1000 }, () => client(t, served))
  const firsts = clients.map(raw => raw.post(initiation))
  await Promise.all(firsts)
  assert.equal(served.endpoint.sessionCount, 1000)
  const held = clients.map(raw => raw.post(kept))
  const works = served.sessions.map(session => session.transmit([fromHex(query)]))
  await Promise.all(held)
  const seconds = clients.map(raw => raw.post('ab0723029000800101'))
  assert.equal((await Promise.all(works)).length, 1000)
  await Promise.all(served.sessions.map(session => session.close()))
  assert((await Promise.all(seconds)).every(({ status }) => status === 204))
  assert.equal(served.endpoint.sessionCount, 0)
})
