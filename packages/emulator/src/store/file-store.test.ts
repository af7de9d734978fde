/** The state file: what survives, what is refused, and that nothing is overwritten then. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { EmulatorError, type EmulatorErrorCode } from '../errors.ts'
import { fileStore } from './file-store.ts'

const state = new TextEncoder().encode('the state of a card, which is long enough to be recognised')

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'keytether-store-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

/** A file with the state in it. */
async function saved(t: TestContext, options?: Parameters<typeof fileStore>[1]): Promise<string> {
  const path = join(await folder(t), 'token.state')
  const store = fileStore(path, options)
  assert.equal(await store.load(), undefined)
  await store.save(state)
  await store.close()
  return path
}

async function refused(path: string, code: EmulatorErrorCode, message: RegExp, options = {}): Promise<void> {
  const before = await readFile(path)
  const store = fileStore(path, options)
  await assert.rejects(
    store.load(),
    error => error instanceof EmulatorError && error.code === code && message.test(error.message),
  )
  assert.deepEqual(await readFile(path), before)
}

async function loaded(path: string, options = {}): Promise<Uint8Array | undefined> {
  const store = fileStore(path, options)
  try {
    return await store.load()
  } finally {
    await store.close()
  }
}

test('what is saved is loaded, and only its owner may read it', async t => {
  const path = await saved(t)
  assert.deepEqual(await loaded(path), state)
  for (const name of [path, `${path}.key`]) assert.equal((await stat(name)).mode & 0o777, 0o600)
  assert.ok(!(await readFile(path)).includes('the state'))
  assert.deepEqual(await readdir(join(path, '..')), ['token.state', 'token.state.key', 'token.state.lock'])
})

test('saved again, it is sealed anew, and a draft that was left behind is of no consequence', async t => {
  const path = await saved(t)
  const first = await readFile(path)
  await writeFile(`${path}.draft`, 'half of a st')
  const store = fileStore(path)
  await store.load()
  await store.save(state)
  await store.close()
  assert.notDeepEqual(await readFile(path), first)
  assert.deepEqual(await loaded(path), state)
})

test('a passphrase instead of a key file', async t => {
  const path = await saved(t, { passphrase: 'correct horse' })
  assert.deepEqual(await loaded(path, { passphrase: 'correct horse' }), state)
  await refused(path, 'KEY', /wrong passphrase/, { passphrase: 'battery staple' })
  await refused(path, 'KEY', /opened by a passphrase/)
  await assert.rejects(stat(`${path}.key`))
})

test('the key file is not there, is another one, or is none', async t => {
  const path = await saved(t)
  const other = await saved(t)
  await refused(path, 'KEY', /not by a passphrase/, { passphrase: 'x' })
  await writeFile(`${path}.key`, await readFile(`${other}.key`))
  await refused(path, 'KEY', /is the key of another card/)
  await writeFile(`${path}.key`, 'abc')
  await refused(path, 'KEY', /is no key \(64 hexadecimal digits\)/)
  await unlink(`${path}.key`)
  await refused(path, 'KEY', /without its key .*\.key, which is not there/)
})

test('a key that was made before the state is used for it', async t => {
  const path = join(await folder(t), 'token.state')
  const key = `${'0f'.repeat(32)}\n`
  await writeFile(`${path}.key`, key)
  const store = fileStore(path)
  await store.load()
  await store.save(state)
  await store.close()
  assert.equal(await readFile(`${path}.key`, 'utf8'), key)
  assert.deepEqual(await loaded(path), state)
})

test('cut short anywhere, or one byte changed anywhere: refused, and left as it is', async t => {
  const path = await saved(t)
  const whole = await readFile(path)
  const damaged = /is not the state of an emulated card|cannot be opened/
  for (let length = 0; length < whole.length; length += 7) {
    await writeFile(path, whole.subarray(0, length))
    await refused(path, 'DAMAGED', damaged)
  }
  for (let at = 0; at < whole.length; at += 3) {
    const changed = Buffer.from(whole)
    changed[at]! ^= 0x01
    await writeFile(path, changed)
    await assert.rejects(loaded(path), error => error instanceof EmulatorError && damaged.test(error.message))
  }
  await writeFile(path, whole)
  assert.deepEqual(await loaded(path), state)
})

test('garbage, other files, and files of a later format', async t => {
  const path = await saved(t)
  for (const content of ['{"keys": []}', Buffer.alloc(1000, 0xff), 'KEYTETHER EMULATED CARD\n']) {
    await writeFile(path, content)
    await refused(path, 'DAMAGED', /it does not begin as one does\): restore it from a copy, or use another file/)
  }
  await writeFile(path, 'KEYTETHER EMULATED CARD\n\x02 in another form')
  await refused(path, 'DAMAGED', /it has format 2, this program knows 1/)
  const greedy = Buffer.from(`KEYTETHER EMULATED CARD\n\x01\x81\x11\x3f${'s'.repeat(60)}`, 'latin1')
  await writeFile(path, greedy)
  await refused(path, 'DAMAGED', /2\^63 rounds/, { passphrase: 'x' })
})

test('one user at a time, whatever the file is called', async t => {
  const path = await saved(t)
  const link = `${path}.link`
  await symlink(path, link)
  const store = fileStore(path)
  await store.load()
  for (const name of [path, link]) await refused(name, 'IN_USE', new RegExp(`in use by process ${process.pid}:`))
  await store.close()
  assert.deepEqual(await loaded(link), state)
})

test('a lock dies with its process, even if that is killed', async t => {
  const path = await saved(t)
  const program = `
    import { fileStore } from ${JSON.stringify(new URL('./file-store.ts', import.meta.url).href)}
    const store = fileStore(${JSON.stringify(path)})
    await store.load()
    console.log('locked')
    setInterval(() => store, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  await refused(path, 'IN_USE', new RegExp(`in use by process ${child.pid}:`))
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.deepEqual(await loaded(path), state)
})
