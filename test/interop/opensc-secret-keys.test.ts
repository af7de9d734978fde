/**
 * AES keys and derived keys, made with `keytether card`, and OpenSC on the same token. Of AES keys on this card OpenSC knows
 * nothing: it must not be disturbed by them.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listMechanisms, openInitializedToken, openscTests } from '@keytether/test/opensc'
import { virtualReaders } from '@keytether/test/sandbox'

const [reader] = virtualReaders
const program = fileURLToPath(new URL('../../packages/cli/bin/keytether.mjs', import.meta.url))

if (await openscTests(import.meta.filename)) {
  const token = await openInitializedToken()
  after(() => token[Symbol.asyncDispose]())
  const keytether = async (...args: string[]) => (await token.run(process.execPath, [program, ...args])).stdout
  const card = (...args: string[]) => keytether('card', ...args, '--trust', 'root.cvc', '--reader', reader.name)
  const loggedIn = (...args: string[]) => card(...args, '--pin-file', 'pin')
  const signs = async (id: string) => {
    await token.write('message', `signed by ${id}`)
    await token.run('pkcs15-tool', ['--read-public-key', id, '--output', `${id}.pem`])
    await token.loggedIn([
      ...['--sign', '--mechanism', 'ECDSA-SHA256', '--id', id, '--signature-format', 'openssl'],
      ...['--input-file', 'message', '--output-file', 'signature'],
    ])
    await token.run('openssl', ['dgst', '-sha256', '-verify', `${id}.pem`, '-signature', 'signature', 'message'])
  }

  before(async () => {
    await token.write('pin', '648219\n')
    await keytether('emulator', 'root', '--out', 'root.cvc')
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', '10', '--label', 'key 10'])
    await loggedIn('generate', '--aes', '256', '--label', 'secret', '--id', '20')
    await loggedIn('derive-key', 'key 10', '--parameter', '0102', '--label', 'derived', '--id', '30')
  })

  test('an AES key is not shown, and nothing else is missing for it', async () => {
    const { stdout } = await token.run('pkcs15-tool', ['--dump'])
    assert.match(stdout, /Private EC Key \[key 10\].*Private EC Key \[derived\].*Public EC Key \[key 10\]/s)
    assert.equal((await token.run('pkcs15-tool', ['--list-secret-keys'])).stdout, '')
    const objects = await token.loggedIn(['--list-objects'])
    assert.deepEqual(objects.match(/^Private Key Object; EC\n +label: +(.*)$/gm)?.length, 2)
    assert.doesNotMatch(`${stdout}${objects}`, /secret/)
    await signs('10')
  })

  test('AES is not among its mechanisms, and it makes no AES keys', async () => {
    assert.deepEqual(
      (await listMechanisms(token)).filter(({ name }) => name.startsWith('AES')),
      [],
    )
    const make = ['--keygen', '--key-type', 'AES:32', '--id', '40', '--label', 'x']
    await token.loggedIn(make, { code: 1 })
  })

  test('a derived key is a key like others, and signs', async () => {
    await signs('30')
    assert.equal((await token.read('30.pem')).toString(), await card('public-key', 'derived'))
  })

  test('after what OpenSC has done, the AES key is as it was', async () => {
    const before = await loggedIn('derive', 'secret', 'message')
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', '50', '--label', 'key 50'])
    await token.loggedIn(['--delete-object', '--type', 'privkey', '--id', '50'])
    assert.equal(await loggedIn('derive', 'secret', 'message'), before)
    const { keys } = JSON.parse(await card('list', '--json'))
    assert.deepEqual(
      keys.map(({ label, type }: { label: string; type: string }) => [label, type]),
      [
        ['key 10', 'EC'],
        ['secret', 'AES'],
        ['derived', 'EC'],
      ],
    )
  })
}
