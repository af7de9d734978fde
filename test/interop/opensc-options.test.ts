/** Options of initialisation that sc-hsm-tool cannot set, met by the programs of OpenSC. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { deviceOptions } from '@keytether/card'
import { type Initialization, openPcsc, SmartCardHsm } from '@keytether/driver'
import { emulatorRoot } from '@keytether/emulator'
import { openscTests, openToken, soPin, userPin } from '@keytether/test/opensc'
import { virtualReaders } from '@keytether/test/sandbox'

if (await openscTests(import.meta.filename)) {
  const token = await openToken()
  after(() => token[Symbol.asyncDispose]())

  const initialize = async (initialization: Partial<Initialization>) => {
    const channel = await openPcsc(virtualReaders[0].name)
    try {
      const card = await SmartCardHsm.open(channel, { roots: [emulatorRoot] })
      const pins = { soPin: Buffer.from(soPin, 'hex'), userPin: Buffer.from(userPin) }
      assert.deepEqual(await card.initialize({ ...pins, ...initialization }), { status: 'verified' })
    } finally {
      await channel.close()
    }
  }
  const login = (pin: string, code: number) =>
    token.run('pkcs11-tool', ['--login', '--pin', pin, '--list-objects'], { code })
  const setPin = (code: number) =>
    token.run(
      'pkcs11-tool',
      ['--login', '--login-type', 'so', '--so-pin', soPin, '--init-pin', '--new-pin', '12345678'],
      { code },
    )
  const status = async () => (await token.run('sc-hsm-tool', [])).stdout

  test('a transport PIN opens nothing until it is changed', async () => {
    await initialize({ options: deviceOptions.resetRetryCounter | deviceOptions.transportPin })
    assert.match(await status(), /Transport-PIN mode enabled\n(.*\n)*Transport-PIN active/)
    await login(userPin, 1)
    await token.run('pkcs15-tool', ['--change-pin', '--pin', userPin, '--new-pin', '12345678'])
    await login('12345678', 0)
    assert.match(await status(), /User PIN tries left {2}: 3/)
  })

  test('the SO-PIN sets no other PIN: where it may only give new tries, and where it may not even that', async () => {
    for (const options of [deviceOptions.resetRetryCounter | deviceOptions.resetCounterOnly, 0]) {
      await initialize({ options })
      await setPin(1)
      await login(userPin, 0)
    }
    await initialize({ options: deviceOptions.resetRetryCounter })
    await setPin(0)
    await login('12345678', 0)
  })

  test('tries as many as were said, of a PIN that is long enough for them', async () => {
    await initialize({ userPin: Buffer.from('1234567890'), pinTries: 10 })
    assert.match(await status(), /User PIN tries left {2}: 10/)
    await login(userPin, 1)
    assert.match(await status(), /User PIN tries left {2}: 9/)
  })

  test('session PINs, and a PIN together with keys', async () => {
    await initialize({ options: deviceOptions.resetRetryCounter | deviceOptions.sessionPinClearedOnReset })
    await login(userPin, 0)
    const options = deviceOptions.resetRetryCounter | deviceOptions.combinedAuthentication
    await initialize({ options, publicKeyAuthentication: { total: 2, required: 1 } })
    assert.match(await status(), /Public key authentication active/)
    const { stdout } = await token.run('sc-hsm-tool', ['--public-key-auth-status'])
    assert.match(stdout, /Required pubkeys for auth: 1/)
  })
}
