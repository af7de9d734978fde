/**
 * The whole way as users of today's tools go it: OpenSC makes the key, `ram-client` connects the reader to our service,
 * curl asks for a signature, openssl verifies it against the public key that OpenSC exported.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKeytether } from '@keytether/test/keytether'
import { openInitializedToken, openscTests, type TokenInReader, userPin } from '@keytether/test/opensc'

const bin = join(import.meta.dirname, '../../packages/cli/bin')
const apiToken = 'a-token-that-is-long-enough'

/** Our service, trusting emulated tokens; ends with the signal given. */
async function startService(token: TokenInReader) {
  const { stdout: root } = await token.run(process.execPath, [
    join(bin, 'keytether.mjs'),
    ...['emulator', 'root', '--format', 'hex'],
  ])
  await token.write('root.cvc', Buffer.from(root.trim(), 'hex'))
  const { stdout: cwd } = await token.run('pwd', [])
  const child = startKeytether(
    ['serve', '--listen', '127.0.0.1:0', '--trust', 'root.cvc', '--admit', 'genuine', '--json'],
    {
      cwd: cwd.trim(),
      env: { KEYTETHER_TOKEN: apiToken },
    },
  )
  child.stderr!.resume()
  const [line] = await once(createInterface({ input: child.stdout! }), 'line')
  const { ram, api } = JSON.parse(String(line)) as { ram: string; api: string }
  return { child, ram, api }
}

if (await openscTests(import.meta.filename)) {
  test('OpenSC, ram-client, curl and openssl', async () => {
    await using token = await openInitializedToken()
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', '0A', '--label', 'stock'])
    await token.run('pkcs15-tool', ['--read-public-key', '0A', '--output', 'public.pem'])
    const service = await startService(token)

    const client = spawn(process.execPath, [join(bin, 'ram-client.mjs'), '-v', '-p', userPin, service.ram])
    const [printed, complained] = [text(client.stdout), text(client.stderr)]
    const ended = once(client, 'close')
    const curl = async (path: string, ...options: string[]) => {
      const headers = ['-H', `Authorization: Bearer ${apiToken}`]
      return (await token.run('curl', ['-sS', '--fail-with-body', ...headers, ...options, service.api + path])).stdout
    }
    for (let tries = 0; JSON.parse(await curl('/keys')).length === 0; tries++) {
      assert.ok(tries < 100, 'the key is listed')
      await sleep(50)
    }

    await token.write('message', 'hello')
    const { stdout: digest } = await token.run('openssl', ['dgst', '-sha256', '-r', 'message'])
    const body = JSON.stringify({ hash: digest.split(' ')[0], algo: 'ECDSA' })
    const { signature } = JSON.parse(await curl('/keys/0A/signhash', '--json', body)) as { signature: string }
    await token.write('signature', Buffer.from(signature, 'hex'))
    const { stdout: verdict } = await token.run('openssl', [
      'dgst',
      '-sha256',
      ...['-verify', 'public.pem', '-signature', 'signature', 'message'],
    ])
    assert.equal(verdict, 'Verified OK\n')

    // A service that goes away tells clients so in a way that lets their supervisors start them again.
    service.child.kill('SIGTERM')
    assert.deepEqual(await ended, [1, null])
    const lines = (await printed).split('\n')
    assert.deepEqual(lines.slice(-3), ['Server HTTP code 503', 'Server send unexpected HTTP code', ''])
    assert.ok(lines.some(line => /^R: [0-9A-F]+$/.test(line)))
    assert.ok(!lines.join().includes(Buffer.from(userPin).toString('hex').toUpperCase()), 'the PIN is not printed')
    assert.equal(await complained, '')
  })
}
