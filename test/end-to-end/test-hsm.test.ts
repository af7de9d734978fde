/** Test HSM over REST and by the command line: the sessions in docs/test-hsm.md are what happens. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { emulatorRoot } from '@keytether/emulator'
import { BenchToken, until } from '@keytether/test/group-bench'
import { keytether, main } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'
import { createClient, fetchTransport, type GroupTest, testGroup } from '../../packages/api/src/index.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/test-hsm.md'), 'utf8')
const sessions = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, session]) => session!)
let bench: Bench
let tokens: readonly [BenchToken, BenchToken]
let monitoring: string

before(async () => {
  bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  tokens = [await BenchToken.make(), await BenchToken.make()]
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken) })
  await client.createGroup({ body: { name: 'web' } })
  for (const [priority, token] of tokens.entries()) {
    await bench.dialIn(await token.plug())
    await client.joinGroup({ params: { group: 'web', device: token.path }, body: { priority } })
  }
  for (const [name, type] of [
    ['tls', { kind: 'EC', curve: 'secp256r1' }],
    ['data', { kind: 'AES', bits: 256 }],
  ] as const) {
    await client.createKey({ body: { name, group: 'web', ...type, durability: 2 } })
  }
  await client.createPrincipal({ body: { name: 'monitoring', roles: ['metrics'] } })
  const made = await client.createCredential({ params: { principal: 'monitoring' }, body: { name: 'first' } })
  monitoring = made.token
})
after(() => bench[Symbol.asyncDispose]())

/** A step of a session: what it prints is as the page says. */
async function does(session: string): Promise<void> {
  const [command = '', ...lines] = session.replace(/^\$ /, '').split('\n')
  const script = `keytether() { '${process.execPath}' '${main}' "$@"; }\n${command}`
  const env = { ...process.env, KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: monitoring }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
  assert.equal(likeAnyOther(stdout), likeAnyOther(lines.join('\n')))
}

/** Without names, times, and how wide columns are for them. */
function likeAnyOther(text: string): string {
  return text
    .replaceAll(/\bgrp_[\w-]+/g, 'grp_…')
    .replaceAll(/\bZZEMU\w+/g, 'ZZEMU…')
    .replaceAll(/\d+ ms/g, '… ms')
    .replaceAll(/\d\.\d s/g, '… s')
    .replaceAll(/ +/g, ' ')
}

test('each test is told as it is done, then the report', async () => {
  const seen: string[] = []
  const report: GroupTest = await testGroup({
    send: fetchTransport(bench.service.url, monitoring),
    group: 'web',
    onProgress: ({ done, total, check }) => seen.push(`${done} of ${total} ${check.device} ${check.test}`),
  })
  assert.deepEqual([report.state, report.checks.length], ['passed', seen.length])
  assert.match(seen.at(-1)!, /^24 of 24 /)
  const again = await createClient({ send: fetchTransport(bench.service.url, monitoring), strict: true }).testGroup({
    params: { group: report.id },
  })
  assert.deepEqual([again.name, again.state, again.problems], ['web', 'passed', []])
  const nowhere = testGroup({
    send: fetchTransport(bench.service.url, monitoring),
    group: 'nothing',
    onProgress: () => assert.fail(),
  })
  await assert.rejects(nowhere, { code: 'NOT_FOUND', status: 404 })
})

test('the sessions in docs/test-hsm.md', async () => {
  await does(sessions[0]!)
  tokens[1].pull()
  const { devices } = bench.service
  await bench.service.hsm.devices
    .session(tokens[1].path)!
    .run(card => card.pinStatus(), AbortSignal.timeout(1_000))
    .catch(() => {})
  await until(() => devices.session(tokens[1].path)!.state === 'offline')
  await does(sessions[1]!)
})

test('what scripts read', async () => {
  const env = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: monitoring }
  const { code, stdout } = await keytether(['test-hsm', 'web', '--json'], { env })
  const { state, keys } = JSON.parse(stdout) as GroupTest
  assert.deepEqual([code, state, keys.map(({ works }) => works)], [5, 'degraded', [1, 1]])
  tokens[0].pull()
  const failed = await keytether(['test-hsm', 'web'], { env })
  assert.deepEqual([failed.code, /a key works on no token/.test(failed.stderr)], [1, true], failed.stdout)
  assert.equal((await keytether(['test-hsm', 'nothing'], { env })).code, 4)
  assert.equal((await keytether(['test-hsm', 'web'], { env: { ...env, KEYTETHER_TOKEN: 'x'.repeat(20) } })).code, 3)
})
