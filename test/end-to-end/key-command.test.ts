/** `keytether key` as its users type it, against a service with tokens that agents connect. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Key } from '@keytether/api'
import { Certificate, WrappedKeyFile } from '@keytether/card'
import { encode } from '@keytether/codec'
import { createShareFile } from '@keytether/custody'
import { emulatorRoot } from '@keytether/emulator'
import { BenchToken, shares } from '@keytether/test/group-bench'
import { keytether } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'

async function start() {
  const cwd = await mkdtemp(join(tmpdir(), 'keytether-key-'))
  const bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  const env = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  const tokens = [await BenchToken.make(), await BenchToken.make()] as const
  const ask = (command: string, ...args: string[]) => keytether([...command.split(' '), ...args], { env, cwd })
  const run = async (command: string, ...args: string[]) => {
    const { code, stdout, stderr } = await ask(command, ...args)
    assert.equal(code, 0, `${command}: ${stderr}`)
    return stdout
  }
  for (const token of tokens) await bench.dialIn(await token.plug())
  const names = tokens.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)) as [string, string]
  await run('group create pair')
  for (const name of names) await run(`group move ${name} pair`)
  return {
    ...{ bench, tokens, names, ask, run, cwd },
    read: async (name: string): Promise<Key> => JSON.parse(await run(`key show ${name} --json`)),
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]()
      await rm(cwd, { recursive: true })
    },
  }
}

test('a key, from its making to its end', async () => {
  await using bench = await start()
  const { run, ask, read, names, cwd } = bench
  const made = await run('key create web --group pair --ec secp256r1 --tag web')
  assert.match(made, /^web: EC secp256r1, active, durability 2, on \w+ and \w+\n$/)
  for (const name of names) assert.ok(made.includes(name))
  assert.equal((await ask('key create web --group pair --ec secp256r1')).code, 1)
  assert.equal((await ask('key create mail --group pair')).code, 2)
  assert.equal((await ask('key show mail')).code, 4)
  assert.match(
    await run('key list --kind EC --group pair --tag web --state active --prefix w'),
    /web +EC secp256r1 +active +1 +pair +web\n/,
  )
  assert.deepEqual(JSON.parse(await run('key list --tag other --json')), [])
  assert.match(await run('key public-key web'), /^-----BEGIN PUBLIC KEY-----/)

  await run(
    'key certify web --subject',
    '/C=LU/O=A \\/ B/CN=www.example.com',
    '--dns',
    'www.example.com',
    '--out',
    'web.csr',
  )
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  assert.match(
    openssl('req', '-in', 'web.csr', '-verify', '-noout', '-text'),
    /Subject: C ?= ?LU, O ?= ?A \/ B, CN ?= ?www[\s\S]*DNS:www\.example\.com/,
  )
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=CA',
  )
  openssl('x509', '-req', '-in', 'web.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-out', 'web.pem')
  assert.match(
    await run('key certificate web --store web.pem'),
    new RegExp(`version 1: stored on ${names[0]}|${names[1]}`),
  )
  assert.match(new X509Certificate(await run('key certificate web')).subject, /CN=www\.example\.com/)

  await writeFile(join(cwd, 'root.cvc'), encode(Certificate, emulatorRoot.certificate))
  await run('key attest web --out web.attestation')
  assert.match(await run('verify-attestation web.attestation --trust root.cvc'), /web: genuine/)

  assert.match(await run('key rotate web'), /version 2, active/)
  assert.match(await run('key show web'), /1 +deactivated[\s\S]*version 2 is in its place[\s\S]*2 +active/)
  assert.match(await run('key rotate-after web 365'), /rotated every 365 days/)
  assert.match(await run('key rotate-after web never'), /not rotated/)
  assert.match(await run('key tag web'), /no tags/)
  await run('key rename web www')
  await run('key suspend www --key-version 2 --reason', 'looked at')
  assert.deepEqual([(await read('www')).state, (await read('www')).versions[1]!.reason], ['suspended', 'looked at'])
  await run('key activate www')
  assert.match(await run('key deactivate www'), /version 2: deactivated/)
  assert.equal((await ask('key deactivate www')).code, 1)
  assert.match(await run('key destroy www --restorable 30'), /version 1: destroyed\nwww, version 2: destroyed/)
  assert.match(await run('key show www'), /can be restored until/)
  await run('key restore www --key-version 2')
  assert.equal((await read('www')).state, 'deactivated')
  assert.match(await run('key destroy www --restorable 0'), /version 2: erased/)
  assert.equal((await ask('key restore www --key-version 2')).code, 1)
})

test('keys that were made elsewhere', async () => {
  await using bench = await start()
  const { run, ask, read, cwd, tokens } = bench
  const other = await (await BenchToken.make()).card()
  const info = await other.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'there', keyDomain: 0 })
  await writeFile(join(cwd, 'web.wrapped'), encode(WrappedKeyFile, await other.wrapKey(info.reference)))
  assert.match(await run('key import web web.wrapped --group pair'), /web: EC secp256r1, active, durability 2/)
  assert.equal((await ask('key attest web')).code, 4)

  const words = 'a password of this test'
  await writeFile(join(cwd, 'words'), `${words}\n`)
  const given = []
  for (const [index, share] of shares.entries()) {
    await writeFile(join(cwd, `${index}.pbe`), await createShareFile(share, Buffer.from(words)))
    given.push('--share', `${index}.pbe`, '--password-file', 'words')
  }
  for (const [name, pair] of [
    ['bare', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    await writeFile(join(cwd, `${name}.pem`), pair.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    await run(`key import ${name} ${name}.pem --group pair`, ...given)
    assert.equal(await run(`key public-key ${name}`), pair.publicKey.export({ format: 'pem', type: 'spki' }))
    assert.equal((await read(name)).durability, 2)
  }
  const wrong = await ask('key import wrong bare.pem --group pair', '--share', '0.pbe', '--password-file', 'words')
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /wrapped under the key domain [0-9A-F]{16}, the group has/)

  const card = await tokens[0].card()
  const old = await card.secretKeys.generate(256, { label: 'old', keyDomain: 0 })
  const young = await card.secretKeys.generate(256, { label: 'new', keyDomain: 0 })
  await bench.bench.dialIn(await tokens[0].plug())
  const ids = [old, young].map(({ id }) => Buffer.from(id).toString('hex'))
  assert.match(
    await run('key adopt webadm', ...ids, '--group', 'pair'),
    /webadm: AES 256, version 2, active, durability 2/,
  )
  const { versions, primary } = await read('webadm')
  assert.deepEqual([versions.map(({ state }) => state), primary], [['deactivated', 'active'], 2])
})
