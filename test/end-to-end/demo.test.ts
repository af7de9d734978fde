/** The demonstration from its first start to its end, with curl and openssl as applications. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { main, startKeytether } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-demo-'))
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Demo {
  readonly process: ChildProcess
  readonly data: string
  /** All that it printed until it was ready. */
  readonly console: string
  /** All that it printed until now. */
  output(): string
  readonly env: { readonly url: string; readonly token: string }
  api(path: string, body?: unknown): Promise<unknown>
}

interface ListedKey {
  readonly id: string
  readonly label: string
  readonly pubkey: string
  readonly hsms: readonly string[]
}

const readyMs = 60_000
/** Who has not ended by then is killed, which shows in the exit code. */
const endMs = 20_000

function launch(name: string, port = 0): { process: ChildProcess; data: string; output: () => string } {
  const data = join(folder, name)
  const child = startKeytether(['demo', '--data', data, '--port', String(port)], { cwd: folder })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let printed = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', chunk => (printed += chunk))
  return { process: child, data, output: () => printed }
}

async function start(name: string, port = 0): Promise<Demo> {
  const { process: child, data, output } = launch(name, port)
  const deadline = Date.now() + readyMs
  while (!output().includes('Ctrl-C ends')) {
    assert.equal(child.exitCode, null, output())
    assert.ok(Date.now() < deadline, output())
    await sleep(20)
  }
  const env = readFileSync(join(data, 'demo.env'), 'utf8')
  const variable = (name: string) => new RegExp(`^export ${name}=(.*)$`, 'm').exec(env)![1]!
  const [url, token] = [variable('KEYTETHER_URL'), variable('KEYTETHER_TOKEN')]
  return {
    process: child,
    data,
    console: output(),
    output,
    env: { url, token },
    async api(path, body) {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      const method = body === undefined ? 'GET' : 'POST'
      const response = await fetch(`${url}/se/api${path}`, { method, headers, body: JSON.stringify(body) })
      assert.equal(response.status, 200)
      return response.json()
    },
  }
}

async function end(
  { process: child }: { process: ChildProcess },
  signal: NodeJS.Signals = 'SIGINT',
): Promise<number | null> {
  const exited = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), endMs)
  const [code] = await exited
  clearTimeout(timer)
  return code
}

/** Processes whose arguments name the data folder. */
function processesOf(data: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data)
      } catch {
        return false
      }
    })
}

async function nobodyLeft(data: string): Promise<void> {
  const deadline = Date.now() + 5_000
  while (processesOf(data).length > 0) {
    assert.ok(Date.now() < deadline, `processes ${processesOf(data)} are still there`)
    await sleep(20)
  }
}

describe('the demonstration', () => {
  test('has its keys on two tokens, serves curl, ends with Ctrl-C, and finds the keys again', async t => {
    const first = await start('one')
    const keys = (await first.api('/keys')) as ListedKey[]
    assert.deepEqual(keys.map(({ label }) => label).sort(), ['demo-aes', 'demo-ec', 'demo-rsa'])
    for (const { hsms } of keys) assert.equal(hsms.length, 2)
    assert.match(first.console, /made now/)

    await t.test('as three processes', () => assert.equal(processesOf(first.data).length, 3))
    await t.test('its file tells keytether, too, where the service is', async () => {
      const script = '. "$0" && exec "$1" "$2" card devices'
      const args = ['-c', script, join(first.data, 'demo.env'), process.execPath, main]
      const { stdout } = await promisify(execFile)('sh', args)
      assert.equal(stdout.match(/^ZZEMULATOR\.ZZEMULCA\.ZZEMU\w+ +ready +3/gm)?.length, 2)
    })
    await t.test('keeps its secrets to itself', () => {
      assert.equal(statSync(first.data).mode & 0o777, 0o700)
      for (const name of ['token', 'pin', 'so-pin', 'master-key', 'share.pbe', 'share-password', 'demo.env']) {
        assert.equal(statSync(join(first.data, name)).mode & 0o777, 0o600, name)
      }
      const pin = readFileSync(join(first.data, 'pin'), 'utf8').trim()
      for (const pid of processesOf(first.data)) {
        assert.ok(!readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(pin))
      }
    })
    await t.test('what it prints works as it stands', t => pasteAndRun(t, first))
    await t.test('openssl verifies RSA signatures', t => verifyRsa(t, first, keys))

    assert.equal(await end(first), 0)
    await nobodyLeft(first.data)
    assert.ok(!existsSync(join(first.data, 'demo.env')))

    const second = await start('one')
    assert.match(second.console, /from an earlier start/)
    assert.deepEqual(inOrder((await second.api('/keys')) as ListedKey[]), inOrder(keys))
    assert.equal(second.env.token, first.env.token)
    assert.equal(await end(second, 'SIGTERM'), 0)
    await nobodyLeft(second.data)
  })

  test('runs beside another one', async () => {
    const [left, right] = await Promise.all([start('left'), start('right')])
    const ids = async (demo: Demo) => ((await demo.api('/keys')) as ListedKey[]).map(({ id }) => id)
    const [leftIds, rightIds] = [await ids(left), await ids(right)]
    assert.equal(new Set([...leftIds, ...rightIds]).size, 6)
    assert.deepEqual(await Promise.all([end(left), end(right)]), [0, 0])
  })

  test('refuses a data folder that another one uses, and a port that is taken', async () => {
    const demo = await start('taken')
    const again = launch('taken')
    const [code] = await once(again.process, 'close')
    assert.equal(code, 1)
    assert.match(
      again.output(),
      new RegExp(`^error: .*taken is in use by another keytether, process ${demo.process.pid}\nhint: `),
    )

    const port = new URL(demo.env.url).port
    const beside = launch('beside', Number(port))
    const [besideCode] = await once(beside.process, 'close')
    assert.equal(besideCode, 1)
    assert.match(beside.output(), new RegExp(`^error: port ${port} of 127.0.0.1 is in use`))
    await end(demo)
  })

  test('goes on with one token while the other one is started again', async () => {
    const demo = await start('restart')
    const keys = (await demo.api('/keys')) as ListedKey[]
    const { id } = keys.find(({ label }) => label === 'demo-ec')!
    const hash = createHash('sha256').update('hello').digest('hex')
    const token = processesOf(demo.data).find(pid => pid !== String(demo.process.pid))!
    process.kill(Number(token), 'SIGKILL')
    const deadline = Date.now() + readyMs
    while (!/Token \S+ is ready again/.test(demo.output())) {
      await demo.api(`/keys/${id}/signhash`, { hash, algo: 'ECDSA' })
      assert.ok(Date.now() < deadline, demo.output())
    }
    assert.match(demo.output(), /ended by SIGKILL.* Starting it again/)
    assert.ok(!processesOf(demo.data).includes(token))
    assert.equal(processesOf(demo.data).length, 3)
    assert.deepEqual(
      ((await demo.api('/keys')) as ListedKey[]).map(({ hsms }) => hsms.length),
      [2, 2, 2],
    )
    assert.equal(await end(demo), 0)
  })

  test('as npm start, ends when npm is told to end', async () => {
    const data = join(folder, 'npm')
    const npm = spawn('npm', ['start', '--', '--data', data, '--port', '0'], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    running.add(npm)
    let printed = ''
    npm.stdout.on('data', chunk => (printed += chunk))
    const deadline = Date.now() + readyMs
    while (!printed.includes('Ctrl-C ends')) {
      assert.ok(npm.exitCode === null && Date.now() < deadline, printed)
      await sleep(20)
    }
    assert.equal(await end({ process: npm }, 'SIGTERM'), 0)
    running.delete(npm)
    await nobodyLeft(data)
  })

  test('leaves nobody behind when it is killed', async () => {
    const demo = await start('killed')
    await end(demo, 'SIGKILL')
    await nobodyLeft(demo.data)
    const again = await start('killed')
    assert.equal(((await again.api('/keys')) as unknown[]).length, 3)
    await end(again)
  })
})

const run = promisify(execFile)

/** Tokens dial in as they like. */
function inOrder(keys: readonly ListedKey[]): ListedKey[] {
  return keys.map(key => ({ ...key, hsms: key.hsms.toSorted() })).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The block under "Try", by sh, in a folder of its own. */
async function pasteAndRun(t: TestContext, { console }: Demo): Promise<void> {
  if (!requirePeers(t, ['openssl', 'curl'])) return
  const script = console.split('another terminal:\n')[1]!.split('Ctrl-C ends')[0]!
  const { stdout } = await run('sh', ['-eu', '-c', script], { cwd: folder })
  assert.match(stdout, /"name": "demo-ec"/)
  assert.match(stdout, /"signature": "M[\w+/=]+"/)
  assert.match(stdout, /^Verified OK$/m)
  assert.match(stdout, /"plaintext": "aGVsbG8="/)
}

async function verifyRsa(t: TestContext, { api }: Demo, keys: readonly ListedKey[]): Promise<void> {
  if (!requirePeers(t, ['openssl'])) return
  const { id, pubkey } = keys.find(({ label }) => label === 'demo-rsa')!
  const [message, publicKey, signatureFile] = ['message', 'rsa.der', 'rsa.signature'].map(name => join(folder, name))
  writeFileSync(message!, 'hello')
  writeFileSync(publicKey!, Buffer.from(pubkey, 'base64'))
  const hash = createHash('sha256').update('hello').digest('hex')
  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
  for (const [algo, options] of [
    ['RSA_PKCS1', []],
    ['RSA_PSS', pss],
  ] as const) {
    const { signature } = (await api(`/keys/${id}/signhash`, { hash, algo })) as { signature: string }
    writeFileSync(signatureFile!, Buffer.from(signature, 'hex'))
    const key = ['-verify', publicKey!, '-keyform', 'DER']
    const { stdout } = await run('openssl', [
      'dgst',
      '-sha256',
      ...key,
      ...options,
      '-signature',
      signatureFile!,
      message!,
    ])
    assert.equal(stdout, 'Verified OK\n', algo)
  }
}
