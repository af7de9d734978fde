/** `keytether key`: everything that docs/keys.md says to type, and what it is answered when it cannot be. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createClient, fetchTransport } from '@keytether/api'
import { Certificate, WrappedKeyFile } from '@keytether/card'
import { encode } from '@keytether/codec'
import { createShareFile } from '@keytether/custody'
import { emulatorRoot } from '@keytether/emulator'
import { BenchToken, shares } from '@keytether/test/group-bench'
import { keytether } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'

const page = readFileSync(join(import.meta.dirname, '../../docs/keys.md'), 'utf8')
const main = join(import.meta.dirname, '../../packages/cli/src/main.ts')

async function start() {
  const cwd = await mkdtemp(join(tmpdir(), 'keytether-key-'))
  const bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  const tokens = [await BenchToken.make(), await BenchToken.make()] as const
  const card = await tokens[0].card()
  const ids = []
  for (const label of ['old', 'new']) ids.push((await card.secretKeys.generate(256, { label, keyDomain: 0 })).id)
  const [old, young] = ids.map(id => Buffer.from(id).toString('hex'))
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken), strict: true })
  await client.createGroup({ body: { name: 'pair' } })
  for (const token of tokens) await bench.dialIn(await token.plug())
  for (const token of tokens) {
    await client.joinGroup({ params: { group: 'pair', device: token.path }, body: {} })
  }
  const env = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  return {
    ...{ bench, client, cwd },
    env: { ...env, old: old!, new: young! },
    ask: (...args: string[]) => keytether(args, { env, cwd }),
    key: (name: string) => client.getKey({ params: { key: name } }),
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]()
      await rm(cwd, { recursive: true })
    },
  }
}

/** Keys in files, in the clear and wrapped, with the shares of their key domain. */
async function writeKeys(cwd: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  await writeFile(join(cwd, 'shop.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }))
  await writeFile(join(cwd, 'words'), 'a password\n')
  for (const [index, share] of shares.entries()) {
    await writeFile(join(cwd, `${index}.pbe`), await createShareFile(share, Buffer.from('a password')))
  }
  const card = await (await BenchToken.make()).card()
  const { reference } = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'till', keyDomain: 0 })
  await writeFile(join(cwd, 'till.wrapped'), encode(WrappedKeyFile, await card.wrapKey(reference)))
  await writeFile(join(cwd, 'root.cvc'), encode(Certificate, emulatorRoot.certificate))
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=CA'],
    { cwd, stdio: 'ignore' },
  )
  return publicKey.export({ format: 'pem', type: 'spki' }) as string
}

test('the commands of docs/keys.md, one after the other', async () => {
  await using bench = await start()
  const { cwd, key } = bench
  const shop = await writeKeys(cwd)
  const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block)
  const script = [
    'set -e',
    `keytether() { '${process.execPath}' '${main}' "$@"; }`,
    ...blocks.flatMap(block => [
      // The authority has its turn between the request and the certificate.
      ...(block.includes('--store web.pem')
        ? ['openssl x509 -req -in web.csr -CA ca.pem -CAkey ca.key -out web.pem 2>&1']
        : []),
      block,
    ]),
  ].join('\n')
  const env = { ...process.env, ...bench.env }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd, env })
  for (const said of [
    /^web: EC secp256r1, active, durability 2, on \w+ and \w+$/m,
    /^mail: RSA 2048, active, durability 2, on \w+ and \w+$/m,
    /^files +AES 256 +active +1 +pair$/m,
    /^mail, version 1: destroyed, and can be restored until \d{4}-\d\d-\d\dT[\d:.]+Z$/m,
    /^files: AES 256, version 2, active/m,
    /^web: no tags, rotated every 90 days$/m,
    /^web, version 1: stored on \w+, \w+$/m,
    /, web: genuine$/m,
    /^shop: EC secp384r1, active, durability 2/m,
    /^till: EC secp256r1, active, durability 2/m,
    /^webadm: AES 256, version 2, active, durability 2/m,
    /^post: tags mail, office, rotated every 365 days$/m,
  ]) {
    assert.match(stdout, said)
  }
  const [, certificate = ''] = /(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----)/s.exec(stdout) ?? []
  assert.match(new X509Certificate(certificate).subject, /CN=www\.example\.com/)
  assert.equal((await key('shop')).versions[0]!.publicKey, shop)
  assert.deepEqual(
    (await key('webadm')).versions.map(({ state }) => state),
    ['deactivated', 'active'],
  )
  assert.equal((await key('post')).state, 'deactivated')
})

test('what cannot be: exit codes', async () => {
  await using bench = await start()
  const { ask, cwd } = bench
  const create = ['key', 'create', 'web', '--group', 'pair']
  await writeKeys(cwd)
  for (const [code, ...args] of [
    [2, ...create],
    [2, ...create, '--rsa', '512'],
    [2, ...create, '--ec', 'secp999r1'],
    [2, ...create, '--aes', '256', '--durability', '3'],
    [4, 'key', 'show', 'web'],
    [4, 'key', 'create', 'web', '--group', 'trio', '--aes', '128'],
    [2, 'key', 'certify', 'web', '--subject', 'www.example.com'],
    [2, 'key', 'import', 'web', 'shop.pem', '--group', 'pair', '--share', '0.pbe', '--password-file', 'words'],
  ] as const) {
    const { code: found, stderr } = await ask(...args.map(String))
    assert.equal(found, code, `${args.join(' ')}: ${stderr}`)
  }
})
