/**
 * `ram-client` with a card in a reader: what it prints and its exit code, situation by situation, are those of the C
 * program of this name.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fromHex, toHex } from '@keytether/codec'
import { listReaders, type ReaderChange, watchReaders } from '@keytether/driver'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { runProgram } from '@keytether/test/program'
import { insideSandbox, stopPcscd, virtualReaders } from '@keytether/test/sandbox'
import { type Reply, scriptedServer, sendTemplate } from '@keytether/test/scripted-server'
import { insertVirtualCard, type VirtualCard } from '@keytether/test/virtual-card'
import { selfSigned } from '@keytether/test/x509'

const program = fileURLToPath(new URL('../../packages/cli/bin/ram-client.mjs', import.meta.url))
const missing = missingPeers(sandboxPeers)
const [first, second] = virtualReaders
const atr = '3BFE1800008131FE458031815448534D31738021408107FA'
const select = '00A4040C0BE82B0601040181C31F0201'
const usage = `ram-client [option] <URL>

  -r, --reader         Select reader name
  -l, --list-readers   List available card readers
  -v, --verbose        Tell us what you do
`

interface Wanted {
  readonly args?: readonly string[]
  /** In place of those of a card that has everything done right. */
  readonly card?: Record<string, string>
  readonly code: 0 | 1
  readonly stdout: string
  readonly input?: string
}

/** Runs the program with a card whose answers are told; `URL` in the arguments is the server's. */
async function run(replies: readonly Reply[], { args = ['URL'], card: answers, input, ...wanted }: Wanted) {
  const card = await cardInReader(answers)
  const [powered, asked] = [card.power.length, card.commands.length]
  await using server = await scriptedServer(replies)
  const filled = args.map(arg => (arg === 'URL' ? server.url : arg))
  const { code, stdout, stderr } = await runProgram(program, filled, input === undefined ? {} : { input })
  assert.deepEqual({ code, stdout, stderr }, { ...wanted, stderr: '' })
  // It leaves no card behind that is logged in. pcscd sees to that a moment later.
  for (let i = 0; i < 200 && !card.power.slice(powered).includes('off'); i++) await sleep(10)
  assert(card.power.slice(powered).includes('off'))
  return { server, commands: card.commands.slice(asked).map(command => toHex(command).toUpperCase()) }
}

let answersOfCard: Record<string, string> = {}
let inserted: VirtualCard | undefined

/** The one card that stays in the reader from its first use on, with these answers from now on. */
async function cardInReader(answers: Record<string, string> = {}): Promise<VirtualCard> {
  answersOfCard = answers
  if (inserted) return inserted
  const card = await insertVirtualCard({
    atr: fromHex(atr),
    answer(command) {
      const answer = answersOfCard[toHex(command).toUpperCase()] ?? '9000'
      if (answer === 'pull') void card.remove()
      return answer === 'pull' ? undefined : fromHex(answer)
    },
  })
  inserted = card
  await seen('card')
  return card
}

async function seen(state: ReaderChange['state']): Promise<void> {
  const stop = new AbortController()
  const timeout = AbortSignal.timeout(5_000)
  await watchReaders({ signal: AbortSignal.any([stop.signal, timeout]) }, change => {
    if (change.reader === first.name && change.state === state) stop.abort()
  })
  assert.ok(!timeout.aborted, `${state} within 5 s`)
}

function rows(list: readonly (readonly [name: string, replies: readonly Reply[], wanted: Wanted])[]): void {
  for (const [name, replies, wanted] of list) {
    test(name, async () => {
      await run(replies, wanted)
    })
  }
}

if (missing !== undefined) {
  test('ram-client', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
} else if (await insideSandbox(import.meta.filename)) {
  const without = async (args: readonly string[], stdout: string) => {
    assert.deepEqual(await runProgram(program, args), { code: 1, stdout, stderr: '' })
  }

  test('arguments', async () => {
    await without(['--help'], `Unknown argument --help\n${usage}`)
    await without(['-r'], `Argument for --reader missing\n${usage}`)
    await without(['http://x/', '-p'], `Argument for --pin missing\n${usage}`)
    await without(['-p', '12345678901234567'], 'PIN length must not exceed 16 digits\n')
  })

  test('no card', async () => {
    assert.deepEqual(await listReaders(), [first.name, second.name])
    await without(['http://x/'], 'Could not connect to card (No smart card inserted.)\n')
    const list = `${first.name}\n${second.name}\n`
    await without(['-l'], `${list}Could not connect to card (No smart card inserted.)\n`)
    await without(['-r', 'Nobody', 'http://x/'], 'Could not connect to card (Unknown reader specified.)\n')
    await without(['-r', second.name, 'http://x/'], 'Could not connect to card (No smart card inserted.)\n')
  })

  test('a card that speaks T=0 only', async t => {
    const card = await insertVirtualCard({ atr: fromHex('3B00'), answer: () => undefined })
    t.after(async () => {
      await card.remove()
      await seen('empty')
    })
    await seen('card')
    await without(['http://x/'], 'Could not connect to card (Card protocol mismatch.)\n')
  })

  rows([
    ['no URL', [], { args: [], code: 0, stdout: 'No URL defined\nCompleted\n' }],
    [
      'the list of readers, and no URL',
      [],
      { args: ['-l'], code: 0, stdout: `${first.name}\n${second.name}\nNo URL defined\nCompleted\n` },
    ],
    ['ended in order', [204], { code: 0, stdout: 'Completed\n' }],
    [
      'the reader by the beginning of its name, the last of two URLs',
      ['aa00', 204],
      { args: ['-r', 'Virtual', 'ftp://x', 'URL'], code: 0, stdout: 'Completed\n' },
    ],
    [
      'verbose: a batch, a reset, a message',
      [
        'aa12 2210 00A404000BE82B0601040181C31F0201',
        'aa0f 2204 00200081 2207 80040000021122',
        'aa0f c000 e00b 020100 0c06 416c6c206f6b',
        204,
      ],
      {
        args: ['-v', 'URL'],
        card: { '00200081': '63C3', '80040000021122': '800400000211229000' },
        code: 0,
        stdout: [
          ...['C: 00A404000BE82B0601040181C31F0201', 'R: 9000', 'C: 00200081', 'R: 63C3', 'C: 80040000021122'],
          ...['R: 800400000211229000', `ATR: ${atr}`, '(0) All ok', 'Completed', ''],
        ].join('\n'),
      },
    ],
    [
      'verbose, but a PIN is not shown',
      ['aa0d 220b 0020008106 363438323139', 204],
      { args: ['--verbose', 'URL'], code: 0, stdout: 'C: 0020008106************\nR: 9000\nCompleted\n' },
    ],
    [
      'two messages, and not verbose',
      ['aa1c e00b 020101 0c06 537465702031 e00d 0202012c 0c07 4772c3b6c39f65', 204],
      { code: 0, stdout: '(1) Step 1\n(300) Größe\nCompleted\n' },
    ],
    ['404', [404], { code: 1, stdout: 'URL is invalid or not found on server\n' }],
    ['404 later', ['aa00', 404], { code: 1, stdout: 'URL is invalid or not found on server\n' }],
    ['504', [504], { code: 1, stdout: 'Server did not initiate connection to card. See server log for details\n' }],
    [
      '504 later',
      ['aa00', 504],
      { code: 1, stdout: 'Server aborted connection to card. See server log for details\n' },
    ],
    ['another status', [503], { code: 1, stdout: 'Server HTTP code 503\nServer send unexpected HTTP code\n' }],
    ['a redirection', [302], { code: 1, stdout: 'Server HTTP code 302\nServer send unexpected HTTP code\n' }],
    [
      'an empty answer',
      [''],
      { code: 1, stdout: 'Server request invalid. Is the server URL a valid RAMOverHTTP end-point ?\n' },
    ],
    [
      'a page',
      ['3c68746d6c3e3c'],
      { code: 1, stdout: 'Server request invalid. Is the server URL a valid RAMOverHTTP end-point ?\n' },
    ],
    ['bad TLV inside', ['aa03 2204 00'], { code: 1, stdout: 'Invalid TLV encoding in request from server\n' }],
    ['an unknown tag', ['aa02 9900'], { code: 1, stdout: 'Error 1\n' }],
    ['a message of an error', ['aa0e e006 0201ff 0c0141 2204 00200081'], { code: 1, stdout: '(-1) A\nError -1\n' }],
    [
      'a message with the number of another error',
      ['aa08 e006 0201f7 0c0141'],
      { code: 1, stdout: '(-9) A\nHost not found\n' },
    ],
    ['no such host', [], { args: ['http://keytether.invalid/'], code: 1, stdout: 'Host not found\n' }],
    ['no URL at all', [], { args: ['http://'], code: 1, stdout: 'URL is invalid or not found on server\n' }],
    ['nobody listens', [], { args: ['http://127.0.0.1:9/'], code: 1, stdout: 'Connection to host failed\n' }],
    ['an unknown scheme', [], { args: ['ftp://127.0.0.1/'], code: 1, stdout: 'Networking error\n' }],
    ['the connection breaks', [r => r.socket?.destroy()], { code: 1, stdout: 'Networking error\n' }],
    [
      'a PIN',
      ['aa00', 204],
      { args: ['-p', '648219', 'URL'], card: { '00200081': '63C3' }, code: 0, stdout: 'Completed\n' },
    ],
    [
      'a PIN from standard input',
      ['aa00', 204],
      {
        args: ['--pin-file', '-', 'URL'],
        card: { '00200081': '63C3' },
        input: '648219\n',
        code: 0,
        stdout: 'Completed\n',
      },
    ],
    [
      'a wrong PIN',
      [],
      {
        args: ['--pin', '648219', 'URL'],
        card: { '00200081': '63C3', '0020008106363438323139': '63C2' },
        code: 1,
        stdout: 'PIN verification failed with SW1/SW2 = 63C2.\n',
      },
    ],
    [
      'a blocked PIN',
      [],
      {
        args: ['-p', '648219', 'URL'],
        card: { '00200081': '6983' },
        code: 1,
        stdout: 'PIN verification failed with SW1/SW2 = 6983.\n',
      },
    ],
    [
      'one try left: it is not spent',
      [],
      {
        args: ['-p', '648219', 'URL'],
        card: { '00200081': '63C1', '0020008106363438323139': 'pull' },
        code: 1,
        stdout: 'PIN not verified, since only one try is left\n',
      },
    ],
    [
      'a PIN too short to be one',
      [],
      { args: ['-p', '', 'URL'], code: 1, stdout: 'PIN length must be 6 to 16 digits\n' },
    ],
    [
      'a PIN for another card',
      [204],
      {
        args: ['-p', '648219', 'URL'],
        card: { [select]: '6A82' },
        code: 0,
        stdout: 'Not a SmartCard-HSM. Skipping PIN verification.\nCompleted\n',
      },
    ],
  ])

  test('the commands of a PIN', async () => {
    const { commands } = await run([204], {
      args: ['-p', '648219', 'URL'],
      card: { '00200081': '63C3' },
      code: 0,
      stdout: 'Completed\n',
    })
    assert.deepEqual(commands, [select, '00200081', '0020008106363438323139'])
  })

  test('a certificate that is not trusted', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const der = await selfSigned('localhost', spki, async message => sign('sha256', message, privateKey))
    const cert = new X509Certificate(der).toString()
    await cardInReader()
    await using server = await scriptedServer([], {
      cert,
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    })
    await without([server.url.replace('127.0.0.1', 'localhost')], 'Networking error\n')
    await without([server.url.replace('https:', 'http:')], 'Networking error\n')
  })

  test('the server learns of an interruption', async () => {
    await cardInReader()
    const { promise, resolve } = Promise.withResolvers<void>()
    await using server = await scriptedServer([r => sendTemplate(r, 'aa00'), () => resolve()])
    const stop = new AbortController()
    const running = runProgram(program, [server.url], { signal: stop.signal })
    await promise
    stop.abort()
    assert.deepEqual(await running, { code: 1, stdout: 'Session canceled\n', stderr: '' })
    assert.match(server.requests[2]!.body, /^ab10e1/)
  })

  test('a server that says nothing for 40 s, and one that stops after its headers', async () => {
    await cardInReader()
    await using silent = await scriptedServer([() => {}])
    await using stalled = await scriptedServer([r => void r.writeHead(200, { 'content-length': '2' }).flushHeaders()])
    const timeoutMs = 60_000
    const started = performance.now()
    const results = await Promise.all([silent, stalled].map(({ url }) => runProgram(program, [url], { timeoutMs })))
    assert.ok(performance.now() - started > 39_000)
    const invalid = 'Server request invalid. Is the server URL a valid RAMOverHTTP end-point ?'
    assert.deepEqual(
      results,
      ['Error -13', invalid].map(line => ({ code: 1, stdout: `${line}\n`, stderr: '' })),
    )
  })

  test('a card that is pulled midway', async () => {
    await cardInReader({ '80030000': 'pull' })
    await using server = await scriptedServer(['aa12 2204 00200081 2204 80030000 2204 00200081', 204])
    const { code, stdout } = await runProgram(program, [server.url])
    // Which of the two it is depends on how soon pcscd notices.
    assert.match(
      stdout,
      /^Error during card communication \((Transaction failed|Card was removed|No smart card inserted)\.\)\nCard communication error\n$/,
    )
    assert.equal(code, 1)
    assert.match(server.requests[1]!.body, /^ab..23029000e1..0c..[0-9a-f]+800101$/)
  })

  test('no pcscd', async () => {
    stopPcscd()
    await sleep(500)
    await without(['http://x/'], 'Could not establish context to PC/SC manager (Service not available.)\n')
  })

  test('no readers', async t => {
    const daemon = spawn('pcscd', ['-f', '-c', '/dev/null'], { stdio: 'ignore' })
    t.after(() => daemon.kill())
    for (let i = 0; i < 100 && !existsSync('/run/pcscd/pcscd.comm'); i++) await sleep(50)
    await without(['-l'], 'Could not list readers (Cannot find a smart card reader.)\n')
    assert.equal(daemon.exitCode, null)
  })
}
