/** A service that trusts an OpenID provider: what docs/oidc.md says, as it says it, and what keys are changed for. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { IdentityProvider } from '@keytether/test/identity-provider'
import { keytether } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'
import { apiToken, Bench } from '@keytether/test/service-bench'

const page = readFileSync(join(import.meta.dirname, '../../docs/oidc.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'keytether-oidc-'))
after(() => rmSync(folder, { recursive: true }))

/** P-256 keys as OpenSSL's `genpkey` and this file's author made them, for tests alone. */
const keyOf = async (kid: string) => {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  return { ...(await crypto.subtle.exportKey('jwk', privateKey)), kid, use: 'sig', alg: 'ES256', key_ops: undefined }
}
const claims = { web: { groups: ['hsm', 'staff'] }, audit: { realm_access: { roles: ['audit'] } }, stranger: {} }
const rootToken = 'the-token-of-root-in-this-test'
const provided = { audience: 'keytether', claims }

/** Lines of the page's blocks of commands. */
const commands = [...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(match => match[1]!.trim().split('\n'))

test('what the page says, from trusting a provider to trusting it no more', async t => {
  if (!requirePeers(t, ['curl'])) return
  await using bench = await Bench.start({ rootTokens: [rootToken] })
  await using first = await IdentityProvider.start({ ...provided, keys: [await keyOf('one')] })
  const { url } = bench.service
  const ask = (args: readonly string[], token = apiToken) =>
    keytether(args, { cwd: folder, env: { KEYTETHER_URL: url, KEYTETHER_TOKEN: token } })
  const ok = async (args: readonly string[], token?: string) => {
    const { code, stdout, stderr } = await ask(args, token)
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const run = async (start: string) => {
    const line = commands.find(one => one.startsWith(start)) ?? assert.fail(`the page has no ${start}`)
    return ok(line.replace('https://login.example.com', first.url).split(' ').slice(1))
  }

  assert.match(await run('keytether issuer create'), /nobody may anything yet/)
  const web = await first.token('web')
  const early = await ask(['whoami'], web)
  assert.equal(early.code, 3)
  assert.match(await run('keytether issuer show'), /Last refusal +: 20.*no rule fits it/)
  for (const line of commands.filter(one => one.startsWith('keytether issuer grant'))) await run(line)
  assert.match(await ok(['whoami'], web), /^Name +: company\/web\n.*\n.*\nRoles +: operator\nTags +: web\n/)
  assert.match(await ok(['whoami'], await first.token('audit')), /Roles +: auditor\n/)
  assert.equal((await ask(['whoami'], await first.token('stranger'))).code, 3)
  const head = join(folder, 'head')
  writeFileSync(head, `Authorization: Bearer ${web}\n`)
  const curled = await promisify(execFile)('curl', ['-sS', '--fail', '-H', `@${head}`, `${url}/v1/me`])
  assert.equal(JSON.parse(curled.stdout).name, 'company/web')
  assert.match(await ok(['principal', 'list']), /\ncompany\/audit\ncompany\/web\n/)

  const { token: other } = JSON.parse(await ok(['tenant', 'create', 'other', '--json'], rootToken))
  await ok(['issuer', 'create', 'theirs', '--url', first.url, '--audience', 'keytether'], other)
  assert.equal((await ask(['whoami'], web)).code, 3)
  const named = { KEYTETHER_URL: url, KEYTETHER_TOKEN: web, KEYTETHER_TENANT: 'main' }
  assert.match((await keytether(['whoami'], { env: named })).stdout, /^Name +: company\/web\n/)
  await ok(['issuer', 'delete', 'theirs', '--yes'], other)

  // The provider is restarted, with another key.
  const { port } = first
  await first[Symbol.asyncDispose]()
  assert.equal((await ask(['whoami'], web)).code, 0, 'its keys go on while it is away')
  await using second = await IdentityProvider.start({ ...provided, keys: [await keyOf('two')], port })
  const renewed = await second.token('web')
  const { code, stderr } = await ask(['whoami'], renewed)
  assert.equal(code, 0, stderr)

  await ok(['principal', 'change', 'company/web', '--disable'])
  assert.equal((await ask(['whoami'], renewed)).code, 3)
  await ok(['principal', 'change', 'company/web', '--enable'])
  await run('keytether issuer revoke')
  assert.equal((await ask(['whoami'], renewed)).code, 3)
  assert.match(
    (await ask(['issuer', 'revoke', 'company', '--claim', 'a', '--value', 'b'])).stderr,
    /nothing was granted/,
  )
  assert.match((await ask(['issuer', 'grant', 'company', '--claim', 'a'])).stderr, /go together/)
  assert.match((await ask(['issuer', 'change', 'company'])).stderr, /what is to change\?/)
  await ok(['issuer', 'change', 'company', '--algorithm', 'RS256'])
  assert.match(await ok(['issuer', 'list']), /^NAME +URL +FOR\ncompany +http.*keytether\n/)
  await run('keytether issuer delete')
  assert.doesNotMatch(await ok(['principal', 'list']), /company/)
})
