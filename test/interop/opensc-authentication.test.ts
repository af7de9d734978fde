/** Public key authentication with sc-hsm-tool: initialisation, status, and the files with which keys are registered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RegistrationFile } from '@keytether/card'
import { decode, encode } from '@keytether/codec'
import { openPcsc, SmartCardHsm } from '@keytether/driver'
import { emulatorRoot } from '@keytether/emulator'
import { initialize, openInitializedToken, openscTests, openToken, type TokenInReader } from '@keytether/test/opensc'
import { virtualReaders } from '@keytether/test/sandbox'

const userPin = new TextEncoder().encode('648219')

if (await openscTests(import.meta.filename)) {
  const inReader = async <T>(use: (card: SmartCardHsm) => Promise<T>): Promise<T> => {
    const channel = await openPcsc(virtualReaders[0].name)
    try {
      return await use(await SmartCardHsm.open(channel, { roots: [emulatorRoot] }))
    } finally {
      await channel.close()
    }
  }

  /** The file of a key that pkcs11-tool makes, or our driver, on a token of its own. */
  const exported = async (by: 'sc-hsm-tool' | 'keytether'): Promise<Uint8Array> => {
    await using token = await openInitializedToken()
    return await (by === 'sc-hsm-tool' ? exportedByTool(token) : inReader(exportedByDriver))
  }

  const exportedByTool = async (token: TokenInReader) => {
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:brainpoolP256r1', '--label', 'alice', '--id', '0A'])
    await token.run('sc-hsm-tool', ['--export-for-pub-key-auth', 'alice', '--key-reference', '1'])
    return token.read('alice')
  }

  const exportedByDriver = async (card: SmartCardHsm) => {
    await card.verifyPin(userPin)
    const { reference } = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'bob' })
    return encode(RegistrationFile, await card.authentication.exportKey(reference))
  }

  const counts = (output: string) => [...output.matchAll(/: +(\d+)$/gm)].map(([, digits]) => Number(digits))

  test('keys of both are registered by both, and sc-hsm-tool shows how many there are', async () => {
    const alice = await exported('sc-hsm-tool')
    const bob = await exported('keytether')
    const again = await exported('sc-hsm-tool')
    const carol = await exported('keytether')
    await using token = await openToken()
    await initialize(token, ['--public-key-auth', '5', '--required-pub-keys', '2'])

    const { stdout } = await token.run('sc-hsm-tool', [])
    assert.match(stdout, /Public key authentication active\./)
    const status = async () => counts((await token.run('sc-hsm-tool', ['--public-key-auth-status'])).stdout)
    assert.deepEqual(await status(), [5, 5, 2, 0])

    for (const [index, file] of [alice, bob].entries()) {
      await token.write('key', file)
      const registered = await token.run('sc-hsm-tool', ['--register-public-key', 'key'])
      assert.deepEqual(counts(registered.stdout), [5, 4 - index, 2, 0])
    }
    const twice = await token.run('sc-hsm-tool', ['--register-public-key', 'key'], { code: 1 })
    assert.match(twice.stderr, /failed with Not allowed/)
    for (const file of [again, carol]) {
      const registration = decode(RegistrationFile, file, { lengths: 'any' })
      await inReader(card => card.authentication.register(registration))
    }
    assert.deepEqual(await status(), [5, 1, 2, 0])
  })

  test('a PIN opens nothing there', async () => {
    await using token = await openToken()
    await initialize(token, ['--public-key-auth', '90', '--required-pub-keys', '90'])
    const { stderr } = await token.run('pkcs11-tool', ['--login', '--pin', '648219', '--list-objects'], { code: 1 })
    assert.match(stderr, /C_Login failed/)
  })

  test('without public key authentication, it says so', async () => {
    await using token = await openInitializedToken()
    const { stderr } = await token.run('sc-hsm-tool', ['--public-key-auth-status'], { code: 1 })
    assert.match(stderr, /Card not initialized for public key/)
  })
}
