/** What all commands that ask a service have in common. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'

const ask = (url: string, args: readonly string[], token = apiToken) =>
  keytether(args, { env: { KEYTETHER_URL: url, KEYTETHER_TOKEN: token } })

test('whoami, for people and for programs', async () => {
  await using bench = await Bench.start()
  const { url } = bench.service
  const shown = await ask(url, ['whoami'])
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(shown.stdout, /^Name {3}: .+\nId {5}: .+\nTenant : .+\nRoles {2}: .*operator/)
  const { stdout } = await ask(url, ['whoami', '--json'])
  assert.deepEqual(JSON.parse(stdout).roles.includes('operator'), true)
})

test('a token that is none', async () => {
  await using bench = await Bench.start()
  const { code, stderr } = await ask(bench.service.url, ['whoami'], 'some-other-token-than-that')
  assert.equal(code, 3)
  assert.match(stderr, /wanted a bearer token[\s\S]*hint: give the API token/)
})

test('nobody there, and somebody else there', async () => {
  const server = createServer((_, response) => response.end('<html>Welcome</html>'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const strange = await ask(url, ['whoami'])
  assert.equal(strange.code, 1)
  assert.match(strange.stderr, /wanted an answer of the service's API, got HTTP 200: is it the right URL\?/)
  await new Promise(resolve => server.close(resolve))
  const nobody = await ask(url, ['whoami'])
  assert.equal(nobody.code, 1)
  assert.match(nobody.stderr, /cannot connect/)
})
