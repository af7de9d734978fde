/** The commands of docs/cryptography.md, typed as they stand, against a service with two tokens. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { createClient, fetchTransport, signatureAlgorithms } from '@keytether/api'
import { emulatorRoot } from '@keytether/emulator'
import { BenchToken } from '@keytether/test/group-bench'
import { main } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'
import { apiToken, Bench } from '@keytether/test/service-bench'

const page = readFileSync(join(import.meta.dirname, '../../docs/cryptography.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'keytether-cryptography-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('every command does what it is there for', { timeout: 240_000 }, async t => {
  if (!requirePeers(t, ['curl', 'openssl'])) return
  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken) })
  const tokens = [await BenchToken.make(), await BenchToken.make()]
  for (const token of tokens) await bench.dialIn(await token.plug())
  await client.createGroup({ body: { name: 'pair' } })
  for (const { path } of tokens) await client.joinGroup({ params: { group: 'pair', device: path }, body: {} })
  for (const type of [
    { name: 'web', kind: 'EC', curve: 'secp256r1' },
    { name: 'mail', kind: 'RSA', bits: 2048 },
    { name: 'files-2026', kind: 'AES', bits: 256 },
    { name: 'files-2027', kind: 'AES', bits: 256 },
  ] as const)
    await client.createKey({ body: { ...type, group: 'pair' } })

  writeFileSync(join(folder, 'document.pdf'), randomBytes(150_000))
  writeFileSync(join(folder, 'signing-input'), 'eyJhbGciOiJFUzI1NiJ9.e30')
  writeFileSync(join(folder, 'letter.txt'), 'Dear Sir or Madam\n')
  const { versions } = await client.getKey({ params: { key: 'mail' } })
  writeFileSync(join(folder, 'mail.pub'), versions[0]!.publicKey!)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=CA')
  openssl('req', '-new', '-key', 'ca.key', '-subj', '/CN=mail', '-out', 'request')
  const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-in', 'request', '-out', 'mail.pem']
  openssl('x509', '-req', ...ca, '-force_pubkey', 'mail.pub')

  const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'))
  assert.ok(commands.length > 20)
  const script = `set -e\nkeytether() { "${process.execPath}" "${main}" "$@"; }\n${commands.join('\n')}\n`
  const env = { ...process.env, KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  const shell = spawn('bash', ['-o', 'pipefail', '-c', script], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')])
  assert.equal(code, 0, `${stdout.slice(-1000)}\n${stderr}`)

  assert.match(stdout, /^The signature is good$/m)
  assert.match(stdout, /"format": "jose"/)
  assert.match(stdout, /^1 +active +1 +20/m)
  assert.match(stdout, /"dataKeys": 0/)
  assert.equal([...stdout.matchAll(/"reference": "first"/g)].length, 2)
})

test('the algorithms that it names are those that there are', () => {
  for (const name of signatureAlgorithms) {
    const [, scheme, hash] = /^(ECDSA_|RSA_PKCS1_|RSA_PSS_)(SHA\d+)$/.exec(name) ?? []
    if (scheme === undefined) assert.ok(page.includes(name.replace(/^(RS|PS)384$/, '$1256')), name)
    else assert.ok(page.includes(`\`${scheme}\``) && page.includes(`\`${hash}\``), name)
  }
})
