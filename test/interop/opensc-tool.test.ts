/** `sc-hsm-tool` of OpenSC: status and initialisation of the emulated token. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { initialize, openscTests, openToken, soPin, userPin } from '@keytether/test/opensc'

if (await openscTests(import.meta.filename)) {
  const token = await openToken()
  after(() => token[Symbol.asyncDispose]())

  const status = async () => (await token.run('sc-hsm-tool', [])).stdout.trimEnd().split('\n')
  const initialized = (soTries: number, userTries: number) => [
    'Version              : 4.1',
    'Config options       :',
    '  User PIN reset with SO-PIN enabled',
    `SO-PIN tries left    : ${soTries}`,
    `User PIN tries left  : ${userTries}`,
  ]

  test('a token that was never initialised', async () => {
    assert.deepEqual(await status(), [
      'Version              : 4.1',
      'SmartCard-HSM has never been initialized. Please use --initialize to set SO-PIN and user PIN.',
    ])
    assert.match(await token.pkcs11(['--list-token-slots']), /token label +: SmartCard-HSM \(UserPIN\)/)
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1'], { code: 1 })
  })

  test('opensc-tool knows what it is, and random numbers need no PIN', async () => {
    const { stdout } = await token.run('opensc-tool', ['--name', '--atr'])
    assert.equal(
      stdout,
      '3b:de:96:ff:81:91:fe:1f:c3:80:31:81:54:48:53:4d:31:73:80:21:40:81:07:92\nSmartCard-HSM Applet for JCOP version 4.1\n',
    )
    const random = async () => {
      await token.pkcs11(['--generate-random', '300', '--output-file', 'random'])
      return token.read('random')
    }
    const [one, other] = [await random(), await random()]
    assert.equal(one.length, 300)
    assert.notDeepEqual(one, other)
  })

  test('--initialize with SO-PIN, PIN, retry counter and label', async () => {
    await initialize(token, ['--label', 'first label', '--pin-retry', '2'])
    assert.deepEqual(await status(), initialized(15, 2))
    assert.match(await token.pkcs11(['--list-token-slots']), /token label +: first label/)
  })

  test('again with the right SO-PIN: everything is gone, and the new PINs and label hold', async () => {
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', '01'])
    await token.write('data', 'some data')
    await token.loggedIn(['--write-object', 'data', '--type', 'data', '--label', 'a', '--application-label', 'a'])
    assert.match(await token.loggedIn(['--list-objects']), /Private Key Object.*Data object/s)
    await token.run('sc-hsm-tool', [
      ...['--initialize', '--so-pin', soPin, '--pin', '12345678', '--pin-retry', '10', '--label', 'second'],
    ])
    assert.deepEqual(await status(), initialized(15, 10))
    assert.match(await token.pkcs11(['--list-token-slots']), /token label +: second/)
    await token.loggedIn(['--list-objects'], { code: 1 })
    assert.doesNotMatch(await token.pkcs11(['--login', '--pin', '12345678', '--list-objects']), /Key|Data|Certificate/)
  })

  test('a wrong SO-PIN initialises nothing and costs a try; the right one gives the tries back', async () => {
    const wrong = ['--initialize', '--so-pin', '3030303030303030', '--pin', userPin, '--label', 'third']
    for (const left of [14, 13]) {
      // Its exit code is 0 nevertheless.
      assert.match((await token.run('sc-hsm-tool', wrong)).stderr, /PIN code or key incorrect/)
      assert.deepEqual(await status(), initialized(left, 10))
    }
    assert.match(await token.pkcs11(['--list-token-slots']), /token label +: second/)
    await initialize(token)
    assert.deepEqual(await status(), initialized(15, 3))
    assert.match(await token.pkcs11(['--list-token-slots']), /token label +: SmartCard-HSM \(UserPIN\)/)
  })

  test('through PKCS #11: C_InitToken, then C_InitPIN', async () => {
    await token.pkcs11(['--init-token', '--so-pin', soPin, '--label', 'by module'])
    assert.match(await token.pkcs11(['--list-token-slots']), /token label +: by module/)
    await token.pkcs11(['--login', '--login-type', 'so', '--so-pin', soPin, '--init-pin', '--new-pin', '87654321'])
    await token.pkcs11(['--login', '--pin', '87654321', '--list-objects'])
    assert.deepEqual(await status(), initialized(15, 3))
  })
}
