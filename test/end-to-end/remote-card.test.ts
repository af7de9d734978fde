/** `keytether card … --service`: a device that dialled in to a service, managed from elsewhere. Every program is a process. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { keytether, main, startKeytether } from '@keytether/test/keytether'
import { killAll, type LongRunning, longRunning } from '@keytether/test/long-running'
import { requirePeers } from '@keytether/test/peers'
import { type RecordingProxy, recordingProxy } from '@keytether/test/recording-proxy'
import type { Device } from '../../packages/server/src/device-api/schemas.ts'

const folder = mkdtempSync(join(tmpdir(), 'keytether-remote-'))
const file = (name: string) => join(folder, name)
const apiToken = 'the-token-of-this-test'
const secrets = { pin: '648219', 'new-pin': '731508', 'so-pin': '3537363231383830' }
const pins = ['--pin-file', 'pin']
const initialize = ['initialize', '--yes', '--so-pin-file', 'so-pin', ...pins]

let service: LongRunning
let proxy: RecordingProxy
let url: string

before(async () => {
  for (const [name, text] of Object.entries(secrets)) writeFileSync(file(name), `${text}\n`)
  writeFileSync(file('token'), `${apiToken}\n`)
  await ok(['emulator', 'root', '--out', 'root.cvc'])
  service = longRunning(
    ['serve', '--listen', '127.0.0.1:0', '--token-file', 'token', '--trust', 'root.cvc', '--admit', 'genuine'],
    folder,
  )
  url = (await service.event('ready')).url!
  proxy = await recordingProxy({ port: Number(new URL(url).port) })
})
after(async () => {
  killAll()
  await proxy[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function run(args: readonly string[], env: Record<string, string> = {}) {
  return keytether(args, { cwd: folder, env })
}

async function ok(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args)
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

/** Through the proxy. */
function remote(device: string): string[] {
  return [
    '--trust',
    'root.cvc',
    '--token-file',
    'token',
    '--service',
    `http://127.0.0.1:${proxy.port}`,
    '--device',
    device,
  ]
}

/** A token that dials in, through the proxy, too; and its name. */
async function token(name: string, ...options: string[]): Promise<{ token: LongRunning; device: string }> {
  const ram = `http://127.0.0.1:${proxy.port}/rt/hsm`
  const started = longRunning(['emulator', '--state', `${name}.state`, '--ram', ram, ...options], folder)
  const { path } = await started.event('token')
  const device = path!.split('/').at(-1)!
  await until(device, ({ state, reason }) => state === 'ready' || (state === 'secured' && reason !== undefined))
  return { token: started, device }
}

async function devices(): Promise<Device[]> {
  const response = await fetch(`${url}/api/devices`, { headers: { Authorization: `Bearer ${apiToken}` } })
  return (await response.json()) as Device[]
}

async function until(device: string, wanted: (device: Device) => boolean): Promise<Device> {
  for (let left = 400; ; left--) {
    const found = (await devices()).find(({ id }) => id.endsWith(`.${device}`))
    if (found && wanted(found)) return found
    assert.ok(left > 0, `waited in vain for ${JSON.stringify(found)}`)
    await sleep(50)
  }
}

const isReady = ({ state }: Device) => state === 'ready'

async function rest(method: 'GET' | 'POST', path: string, body?: unknown) {
  const headers = { Authorization: `Bearer ${apiToken}`, 'Content-Type': 'application/json' }
  const response = await fetch(`${url}/se/api${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  return { status: response.status, answer: (await response.json()) as any }
}

test('from a device as it was delivered to keys in service, and nobody in between sees a PIN', async () => {
  const { token: first, device } = await token('first', ...pins)
  const there = remote(device)
  assert.match(await ok(['card', 'devices', ...there.slice(2, 6)]), /secured +0 +the device is not initialised/)

  await ok(['card', ...initialize, ...there, '--label', 'far away'])
  // Its agent has the PIN, and can present it now.
  await until(device, isReady)
  assert.match(
    await ok(['card', 'generate', '--ec', 'secp256r1', '--label', 'web', ...pins, ...there]),
    /EC secp256r1, web/,
  )
  assert.match(await ok(['card', 'list', ...there]), /web/)
  writeFileSync(file('document'), 'to be signed')
  const signature = await ok(['card', 'sign', 'web', 'document', ...pins, ...there])
  const publicKey = createPublicKey(await ok(['card', 'public-key', 'web', ...there]))
  assert.ok(verify('sha256', readFileSync(file('document')), publicKey, Buffer.from(signature.trim(), 'hex')))

  const { keys } = await until(device, isReady)
  assert.equal(keys, 1)
  const hash = createHash('sha256').update('to be signed').digest('hex')
  const [key] = (await rest('GET', '/keys')).answer
  const { status, answer } = await rest('POST', `/keys/${key.id}/signhash`, { hash, algo: 'ECDSA' })
  assert.equal(status, 200)
  assert.ok(verify('sha256', Buffer.from('to be signed'), publicKey, Buffer.from(answer.signature, 'hex')))

  await ok(['card', 'pin', 'change', ...pins, '--new-pin-file', 'new-pin', ...there])
  await ok(['card', 'delete', 'web', '--yes', '--pin-file', 'new-pin', ...there])
  assert.equal((await until(device, isReady)).keys, 0)
  assert.equal(await first.end('SIGTERM'), 0)

  const passed = proxy.recorded()
  // That something was recorded at all: chip authentication begins in the clear, here in hexadecimal and there in bytes.
  assert.ok(passed.includes('002241a4') && passed.includes(Buffer.from('002241a4', 'hex')))
  for (const secret of Object.values(secrets)) {
    const bytes = /^\d{16}$/.test(secret) ? Buffer.from(secret, 'hex') : Buffer.from(secret)
    for (const form of [
      bytes,
      secret,
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('base64'),
    ]) {
      // The agent presents its PIN on its own side of the proxy.
      assert.ok(!passed.includes(form), 'a PIN is among what passed')
    }
  }
})

test('the log names each lease, but not its id, and no command', async () => {
  const lines = service
    .errors()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const begun = lines.filter(({ msg }) => msg === 'lease begun')
  const over = lines.filter(({ msg }) => msg === 'lease over')
  assert.ok(begun.length >= 7)
  assert.equal(over.length, begun.length)
  const { device, borrower, since, reason } = over[0]
  assert.match(device, /^ZZEMULATOR\.ZZEMULCA\.ZZEMU/)
  assert.match(borrower, /^token-[0-9a-f]{8}$/)
  assert.ok(Date.parse(since) > 0)
  assert.equal(reason, 'given back')
  assert.match(service.errors(), /"\/api\/leases\/…\/transmit"/)
  assert.doesNotMatch(service.errors(), /leases\/[\w-]|002241a4|"commands"/i)
})

test('an answer that is lost on the way is asked for again, and the card is asked once', async () => {
  const { token: second, device } = await token('second')
  const there = remote(device)
  await ok(['card', ...initialize, ...there])
  const sign = (pin: string) => run(['card', 'sign', 'none', 'document', '--pin-file', pin, ...there])
  for (const number of [1, 3, 4, 5]) {
    const cut = proxy.cutAnswerTo(`{"number":${number},`)
    const { code, stderr } = await sign('pin')
    assert.match(stderr, /there is no key none/)
    assert.equal(code, 4)
    await cut
  }
  // Identity, tries left, log-out, secure channel, tries left, twice; then the PIN.
  const cut = proxy.cutAnswerTo('{"number":7,')
  const wrong = ['card', 'generate', '--ec', 'secp256r1', '--label', 'a', '--pin-file', 'new-pin']
  const { code, stderr } = await run([...wrong, ...there])
  assert.match(stderr, /^error: wrong PIN: 2 tries left/)
  assert.equal(code, 3)
  await cut
  assert.match(await ok(['card', 'pin', 'status', ...there]), /User PIN : 2 tries left/)
  assert.equal(await second.end('SIGTERM'), 0)
})

test('a PIN that is presented for one command does not open a locked device to others', async () => {
  const { token: third, device } = await token('third')
  const there = remote(device)
  await ok(['card', ...initialize, ...there])
  await ok(['card', 'generate', '--ec', 'secp256r1', '--label', 'mine', ...pins, ...there])
  const { reason, keys } = await until(device, ({ state, reason }) => state === 'secured' && reason !== undefined)
  assert.match(reason!, /^locked, 3 tries left/)
  assert.equal(keys, 0)
  assert.equal(await third.end('SIGTERM'), 0)
})

test('a service that gives another device than was asked for gets nothing for it', async t => {
  const { token: asked, device: wanted } = await token('asked')
  const { token: given, device: other } = await token('given')
  const liar = createServer(async (request, response) => {
    const body = request.method === 'POST' ? await buffer(request) : null
    const { authorization } = request.headers
    const headers = { Authorization: authorization!, ...(body && { 'Content-Type': 'application/json' }) }
    const target = `${url}${request.url!.replace(wanted, other)}`
    const answer = await fetch(target, { method: request.method!, headers, body })
    response.writeHead(answer.status, { 'Content-Type': 'application/json' })
    response.end((await answer.text()).replace(other, wanted))
  })
  t.after(() => liar.close())
  liar.listen(0, '127.0.0.1')
  await once(liar, 'listening')
  const { port } = liar.address() as AddressInfo
  const there = [...remote(wanted).slice(0, 4), '--service', `http://127.0.0.1:${port}`, '--device', wanted]
  const { code, stderr } = await run(['card', ...initialize, ...there])
  assert.match(stderr, new RegExp(`gave another device than ${wanted}: it is .*\\.${other}\nhint: do not give`))
  assert.equal(code, 1)
  const { reason } = await until(other, ({ state, reason }) => state === 'secured' && reason !== undefined)
  assert.equal(reason, 'the device is not initialised')
  for (const each of [asked, given]) assert.equal(await each.end('SIGTERM'), 0)
})

test('Ctrl-C gives the device back', async () => {
  const { token: fourth, device } = await token('fourth', '--latency', 'generate=3000', ...pins)
  const there = remote(device)
  await ok(['card', ...initialize, ...there])
  await until(device, isReady)
  const child = startKeytether(['card', 'generate', '--ec', 'secp256r1', '--label', 'a', ...pins, ...there], {
    cwd: folder,
  })
  let errors = ''
  child.stderr!.on('data', chunk => {
    errors += chunk
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  const { reason } = await until(device, ({ state }) => state === 'lent')
  assert.match(reason!, /^lent to token-[0-9a-f]{8} since 20/)

  const taken = await run(['card', 'list', ...there])
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, /is lent to token-[0-9a-f]{8} since 20.*\nhint: it is back when that is done/)
  const hash = '00'.repeat(32)
  assert.equal((await rest('POST', '/keys/01/signhash', { hash, algo: 'ECDSA' })).status, 404)

  await sleep(500)
  child.kill('SIGINT')
  assert.equal(await ended, 130, errors)
  assert.match(errors, /^error: interrupted/m)
  await until(device, isReady)
  assert.equal(await fourth.end('SIGTERM'), 0)
})

test('a token that loses power in the middle of a command', async () => {
  const { token: killed, device } = await token('killed', '--latency', 'generate=3000', ...pins)
  const there = remote(device)
  await ok(['card', ...initialize, ...there])
  await until(device, isReady)
  const generating = run(['card', 'generate', '--ec', 'secp256r1', '--label', 'a', ...pins, ...there])
  await until(device, ({ state }) => state === 'lent')
  await sleep(1000)
  killed.child.kill('SIGKILL')
  const { code, stderr } = await generating
  assert.match(
    stderr,
    /the lease is over: the device was lost: the connection broke.*\nhint: what was outstanding may have/,
  )
  assert.equal(code, 1)

  const { token: again } = await token('killed', ...pins)
  // It was made, and nobody got to name it.
  assert.match(await ok(['card', 'list', ...there]), /^1 +EC secp256r1/m)
  assert.equal(await again.end('SIGTERM'), 0)
})

test('an agent that lets through only what uses keys', async () => {
  await ok(['card', ...initialize, '--emulator', 'fifth.state'])
  await ok(['card', 'generate', '--ec', 'secp256r1', '--label', 'old', ...pins, '--emulator', 'fifth.state'])
  const { token: fifth, device } = await token('fifth', ...pins, '--allow', 'use')
  const there = remote(device)
  for (const args of [
    ['generate', '--ec', 'secp256r1', '--label', 'a', ...pins],
    ['delete', 'old', '--yes', ...pins],
    ['pin', 'change', ...pins, '--new-pin-file', 'new-pin'],
    initialize,
  ]) {
    const { code, stderr } = await run(['card', ...args, ...there])
    assert.match(stderr, /^error: the command did not reach the chip: somebody on the way refused it\nhint: .*--allow/m)
    assert.equal(code, 1)
    await until(device, isReady)
  }
  assert.match(await ok(['card', 'sign', 'old', 'document', ...pins, ...there]), /^30/)
  assert.match(await ok(['card', 'list', ...there]), /old/)
  assert.equal(await fifth.end('SIGTERM'), 0)
})

test('what the command line says when it cannot', async () => {
  const service = ['--service', url]
  const mine = [...service, '--token-file', 'token']
  const rows: readonly (readonly [code: number, error: RegExp, args: string[], env?: Record<string, string>])[] = [
    [3, /no environment variable KEYTETHER_TOKEN.*\nhint: give it with --token-file or --token-env/, service],
    [
      3,
      /wanted a bearer token.*\nhint: give the API token with/,
      [...service, '--token-env', 'T'],
      { T: 'x'.repeat(20) },
    ],
    [3, /cannot be an API token/, [...service, '--token-env', 'T'], { T: 'a b' }],
    [4, /no device ZZEMU has connected\nhint: `keytether card devices`/, [...mine, '--device', 'ZZEMU']],
    [
      1,
      /there is no service that lends devices at .*elsewhere\/api\/: it answered HTTP 404/,
      ['--service', `${url}/elsewhere`, '--token-file', 'token'],
    ],
    [1, /cannot connect: .*ECONNREFUSED/, ['--service', 'http://127.0.0.1:1', '--token-file', 'token']],
    [1, /does not speak TLS here; is it http/, ['--service', url.replace('http:', 'https:'), '--token-file', 'token']],
    [4, /no device is connected to the service/, mine],
    [2, /which service\?/, ['--device', 'ZZEMU']],
  ]
  for (const [code, error, args, env] of rows) {
    const failed = await run(['card', 'status', ...args], env)
    assert.match(failed.stderr, error)
    assert.equal(failed.code, code, failed.stderr)
    assert.equal(failed.stdout, '')
  }
})

test('over TLS, with a client certificate in place of a token', async t => {
  if (!requirePeers(t, ['openssl'])) return
  const subject = ['-subj', '/CN=Ann', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key.pem')]
  execFileSync('openssl', ['req', '-x509', ...made, ...subject, '-out', file('cert.pem')], { stdio: 'pipe' })
  // Authority, server and client in one.
  const tls = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem', '--client-ca', 'cert.pem']
  const other = ['--database', 'sqlite:second.db']
  const secure = longRunning(['serve', '--listen', '127.0.0.1:0', ...other, ...tls], folder)
  const where = ['card', 'devices', '--service', (await secure.event('ready')).url!]
  const client = ['--client-cert', 'cert.pem', '--client-key', 'key.pem']
  assert.equal(await ok([...where, ...client, '--ca', 'cert.pem']), 'no device is connected\n')
  const untrusted = await run([...where, ...client])
  assert.match(
    untrusted.stderr,
    /certificate is not trusted.*\nhint: if its authority is your own, name it with --ca FILE/,
  )
  assert.equal(untrusted.code, 1)
  const half = await run([...where, '--client-cert', 'cert.pem'])
  assert.match(half.stderr, /--client-cert and --client-key go together/)
  assert.equal(half.code, 2)
  const broken = await run([...where, '--client-cert', 'key.pem', '--client-key', 'pin', '--ca', 'cert.pem'])
  assert.match(broken.stderr, /^error: /)
  assert.doesNotMatch(broken.stderr, /at .*\.ts:|648219/)
  assert.equal(await secure.end('SIGTERM'), 0)
})

test('the service of the environment, and its only device', async () => {
  const env = { KEYTETHER_URL: `${url}/rt/hsm`, KEYTETHER_TOKEN: apiToken }
  const { token: sixth, device } = await token('sixth')
  const status = ['card', 'status', '--trust', 'root.cvc']
  await ok(['card', ...initialize, ...remote(device)])
  const { stdout } = await run([...status, '--json', '--device', device], env)
  assert.deepEqual(JSON.parse(stdout).options, ['resetRetryCounter'])
  assert.match((await run([...status, '--device', device], env)).stdout, new RegExp(`/${device}\n`))
  assert.match((await run([...status, '--service', url], env)).stdout, new RegExp(`/${device}\n`))
  const { token: seventh } = await token('seventh')
  const several = await run([...status, '--service', url], env)
  assert.match(several.stderr, /several devices are connected: choose one with --device\nhint: there is ZZEMULATOR/)
  assert.equal(several.code, 2)
  const untrusted = await run(['card', 'status', '--device', device], env)
  assert.match(untrusted.stderr, /not trusted here.*\nhint: .*--trust FILE/s)
  for (const one of [sixth, seventh]) assert.equal(await one.end('SIGTERM'), 0)
})

test('the session in docs/remote.md is what happens', async () => {
  const { token: eighth, device } = await token('eighth', ...pins)
  const page = readFileSync(join(import.meta.dirname, '../../docs/remote.md'), 'utf8')
  const [, session = ''] = /^```console\n(.*?)^```$/ms.exec(page) ?? []
  const steps = session
    .split(/^\$ /m)
    .slice(1)
    .map(step => step.split('\n'))
  const here = (text: string) => text.replaceAll('DENK0105702', device).replaceAll('https://hsm.example.com:8443', url)
  // What an emulated token needs beside a real one is that its root is trusted.
  const program = `keytether() {
  case "$*" in "card devices") ;; *) set -- "$@" --trust root.cvc ;; esac
  '${process.execPath}' '${main}' "$@"
}
`
  const marker = '=== next ==='
  const script = program + steps.map(([command = '']) => `${here(command)}\necho '${marker}'\n`).join('')
  const { stdout, stderr } = await promisify(execFile)('bash', ['-e', '-c', script], { cwd: folder })
  const outputs = stdout.split(`${marker}\n`)
  for (const [index, [command, ...lines]] of steps.entries()) {
    const expected = here(lines.join('\n'))
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll(/ ?… ?/g, '.*')
    // Other tests left their devices behind.
    const printed = outputs[index]!.replace(/^.* offline .*\n/gm, '')
    assert.match(printed, new RegExp(`^${expected}$`), `${command}: ${stderr}`)
  }
  assert.equal(await eighth.end('SIGTERM'), 0)
})
