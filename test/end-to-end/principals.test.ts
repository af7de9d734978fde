/** Tenants, principals and the secrets of a service, by the command line, against a service in a process of its own. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { killAll, type LongRunning, longRunning } from '@keytether/test/long-running'

const folder = mkdtempSync(join(tmpdir(), 'keytether-principals-'))
const file = (name: string) => join(folder, name)
const token = randomBytes(24).toString('base64url')
const rootToken = randomBytes(24).toString('base64url')
let service: LongRunning
let url: string

async function start(more: object = {}): Promise<void> {
  const settings = {
    host: '127.0.0.1',
    port: 0,
    tokens: 'tokens',
    rootTokens: 'root',
    database: 'sqlite:data.db',
    ...more,
  }
  writeFileSync(file('service.json'), JSON.stringify(settings))
  service = longRunning(['serve', '--config', 'service.json'], folder)
  url = (await service.event('ready')).url!
}

async function run(as: string, ...args: readonly string[]) {
  return keytether(args, { cwd: folder, env: { KEYTETHER_URL: url, KEYTETHER_TOKEN: as } })
}

async function ok(as: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(as, ...args)
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

async function fails(as: string, args: readonly string[], code: number, message: RegExp): Promise<void> {
  const failed = await run(as, ...args)
  assert.equal(failed.code, code, `${args.join(' ')}: ${failed.stdout}${failed.stderr}`)
  assert.match(failed.stderr, message)
}

const tokenIn = (name: string) => readFileSync(file(name), 'utf8').trim()

before(async () => {
  writeFileSync(file('tokens'), `${token}\n`)
  writeFileSync(file('root'), `${rootToken}\n`)
  await start()
})
afterEach(() => assert.doesNotMatch(service.errors(), /correct horse|kt_|0a0a0a/))
after(() => {
  killAll()
  rmSync(folder, { recursive: true })
})

test('a service is sealed until it has its master key, and keeps what it was given', async () => {
  assert.match(await ok(token, 'service', 'info'), /Secrets +: none yet/)
  writeFileSync(file('words'), 'correct horse battery staple\n')
  writeFileSync(file('other'), 'correct horse battery stable\n')
  writeFileSync(file('key'), `${'0a'.repeat(32)}\n`)
  await fails(token, ['service', 'unseal'], 3, /there is no terminal to ask on/)
  assert.match(
    await ok(token, 'service', 'unseal', '--passphrase-file', 'words'),
    /this is the master key of the service/,
  )
  await service.end('SIGKILL')
  await start()
  assert.match(await ok(token, 'service', 'info'), /Secrets +: sealed/)
  await fails(token, ['service', 'unseal', '--passphrase-file', 'other'], 2, /this is not the master key/)
  assert.equal(await ok(token, 'service', 'unseal', '--passphrase-file', 'words'), 'it is unsealed\n')
  await ok(token, 'service', 'change-master-key', '--passphrase-file', 'words', '--new-key-file', 'key')
  assert.match(
    await ok(token, 'service', 'rotate-data-key', '--key-file', 'key'),
    /secrets are sealed under a new data key/,
  )
  await service.end('SIGTERM')
  await start({ masterKey: { file: 'key' } })
  assert.match(await ok(token, 'service', 'info'), /Secrets +: can be opened/)
})

test('root hands a tenant to its administrator, who lets others in', async () => {
  const made = await ok(rootToken, 'tenant', 'create', 'office', '--administrator', 'ann', '--out', 'ann.token')
  assert.match(made, /^Tenant +: office\n/)
  assert.doesNotMatch(made, /kt_/)
  assert.equal(statSync(file('ann.token')).mode & 0o777, 0o600)
  const ann = tokenIn('ann.token')
  assert.match(ann, /^kt_[\w-]{43}$/)
  assert.match(await ok(rootToken, 'tenant', 'list'), /^NAME +ID +SINCE +LIMITS\nmain .*\noffice /)
  await fails(
    rootToken,
    ['principal', 'list'],
    1,
    /listPrincipals takes the role administrator or auditor; .* has root/,
  )
  await fails(ann, ['tenant', 'list'], 1, /listTenants takes the role root; ann has administrator/)

  const web = JSON.parse(await ok(ann, 'principal', 'create', 'web', '--role', 'operator', '--tag', 'a', 'b', '--json'))
  assert.deepEqual([web.roles, web.tags], [['operator'], ['a', 'b']])
  assert.match(await ok(web.token, 'whoami'), /Name +: web\n.*\n.*\nRoles +: operator\nTags +: a, b\n/)
  await ok(
    ann,
    'principal',
    'token',
    'create',
    'web',
    '--name',
    '2027',
    '--expires',
    '2127-12-31',
    '--out',
    'web.token',
  )
  assert.match(
    await ok(ann, 'principal', 'show', 'web'),
    /\nfirst +20.*no end +20.*\n2027 +20.* 2127-12-31T00:00:00.000Z +never\n/,
  )
  await ok(ann, 'principal', 'token', 'revoke', 'web', '--name', 'first')
  await fails(web.token, ['whoami'], 3, /wanted a bearer token/)
  await ok(tokenIn('web.token'), 'whoami')
  await ok(ann, 'principal', 'change', 'web', '--role', 'auditor', '--clear-tags')
  assert.match(await ok(ann, 'principal', 'list'), /\nweb +auditor\n/)
  await ok(ann, 'principal', 'change', 'web', '--disable')
  await fails(tokenIn('web.token'), ['whoami'], 3, /wanted a bearer token/)
  await fails(ann, ['principal', 'change', 'web'], 2, /what is to change\?/)
  await fails(ann, ['principal', 'create', 'eve', '--role', 'root'], 2, /Wanted one of administrator/)
  await fails(ann, ['principal', 'delete', 'ann', '--yes'], 1, /no administrator who can log in would be left/)
  await fails(ann, ['principal', 'delete', 'nobody', '--yes'], 4, /there is no principal nobody/)
  await ok(ann, 'principal', 'delete', 'web', '--yes')
  await fails(rootToken, ['tenant', 'delete', 'main', '--yes'], 1, /belongs to the service/)
})

test('tokens that are good for less, are rotated, and are taken from some places only', async () => {
  const ann = tokenIn('ann.token')
  await ok(ann, 'principal', 'create', 'ben', '--role', 'auditor', 'operator', '--no-token')
  const narrow = ['--role', 'auditor', '--address', '127.0.0.0/8', '::1', '--out', 'ben.token']
  const made = await ok(ann, 'principal', 'token', 'create', 'ben', '--name', 'one', ...narrow)
  assert.match(made, /\nOnly +: roles auditor; from 127\.0\.0\.0\/8, ::1\n/)
  assert.match(await ok(tokenIn('ben.token'), 'whoami'), /Roles +: auditor\n/)
  const rotate = ['principal', 'token', 'rotate', 'ben', '--name', 'one', '--new-name', 'two', '--out', 'ben-2.token']
  await ok(ann, ...rotate, '--overlap', '0.5')
  assert.match(
    await ok(ann, 'principal', 'show', 'ben'),
    /\none +\S+Z +\S+Z +\S+Z +roles auditor.*\ntwo +\S+Z +no end +never +roles/,
  )
  for (const name of ['ben.token', 'ben-2.token']) await ok(tokenIn(name), 'whoami')
  assert.equal(await ok(ann, 'tenant', 'addresses'), 'everywhere\n')
  await fails(ann, ['tenant', 'addresses', '--only', '192.0.2.0/24'], 2, /shut out yourself: 127\.0\.0\.1/)
  assert.equal(await ok(ann, 'tenant', 'addresses', '--only', '127.0.0.1'), '127.0.0.1\n')
  assert.equal(await ok(ann, 'tenant', 'addresses', '--everywhere'), 'everywhere\n')
})

test('a copy that was made while it runs is a service again', async () => {
  const made = JSON.parse(await ok(token, 'service', 'backup', '--config', 'service.json', 'copy.db', '--json'))
  assert.equal(made.bytes, statSync(file('copy.db')).size)
  await fails(token, ['service', 'backup', '--database', 'postgres://x', 'copy.db'], 2, /pg_dump does that/)
  await service.end('SIGTERM')
  await start({ database: 'sqlite:copy.db', masterKey: { file: 'key' } })
  await ok(tokenIn('ann.token'), 'whoami')
})

test('a second service leaves the database alone, and so does one with another master key', async () => {
  const again = await keytether(['serve', '--config', 'service.json'], { cwd: folder })
  assert.deepEqual([again.code, again.stdout], [1, ''])
  assert.match(again.stderr, /^error: cannot open the database .*copy\.db: another service has the database/)
  await service.end('SIGTERM')
  writeFileSync(file('key'), 'ff'.repeat(32))
  const wrong = await keytether(['serve', '--config', 'service.json'], { cwd: folder })
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /^error: this is not the master key of this database/)
})
