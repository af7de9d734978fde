/** PINs of the emulated token with OpenSC: changed, wrong until blocked, unblocked; and counters that outlive its process. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openInitializedToken, openscTests, soPin, userPin } from '@keytether/test/opensc'

const wrongPin = '999999'
const wrongSoPin = '3030303030303030'
const newSoPin = '0123456789012345'

if (await openscTests(import.meta.filename)) {
  const token = await openInitializedToken()
  after(() => token[Symbol.asyncDispose]())

  /** As sc-hsm-tool shows it. */
  const tries = async () => {
    const { stdout } = await token.run('sc-hsm-tool', [])
    const [, so] = /SO-PIN (?:tries left {4}: (?=\d)|)(\d+|locked)/.exec(stdout) ?? []
    const [, user] = /User PIN (?:tries left {2}: (?=\d)|)(\d+|locked)/.exec(stdout) ?? []
    return { so, user }
  }
  const login = (pin: string, code: number) =>
    token.run('pkcs11-tool', ['--login', '--pin', pin, '--list-objects'], { code })
  const unblock = (so: string, pin: string, code: number) =>
    token.run('pkcs11-tool', ['--login', '--login-type', 'so', '--so-pin', so, '--init-pin', '--new-pin', pin], {
      code,
    })

  test('the user changes the PIN; a wrong old one costs a try', async () => {
    await token.run('pkcs11-tool', ['--login', '--pin', userPin, '--change-pin', '--new-pin', '12345678'])
    await login('12345678', 0)
    await login(userPin, 1)
    assert.deepEqual(await tries(), { so: '15', user: '2' })
    await token.run('pkcs15-tool', ['--change-pin', '--pin', wrongPin, '--new-pin', userPin], { code: 3 })
    assert.deepEqual(await tries(), { so: '15', user: '1' })
    await token.run('pkcs15-tool', ['--change-pin', '--pin', '12345678', '--new-pin', userPin])
    assert.deepEqual(await tries(), { so: '15', user: '3' })
    await login(userPin, 0)
  })

  test('a PIN that is too short is not set', async () => {
    await token.run('pkcs15-tool', ['--change-pin', '--pin', userPin, '--new-pin', '12345'], { code: 2 })
    await login(userPin, 0)
  })

  test('wrong PINs until it is blocked; then the right one does not help', async () => {
    for (const left of ['2', '1', 'locked']) {
      const { stderr } = await login(wrongPin, 1)
      assert.match(stderr, /CKR_PIN_(INCORRECT|LOCKED)/)
      assert.equal((await tries()).user, left)
    }
    const { stderr } = await login(userPin, 1)
    assert.match(stderr, /CKR_PIN_LOCKED/)
    assert.deepEqual(await tries(), { so: '15', user: 'locked' })
  })

  test('a wrong SO-PIN does not unblock it and costs a try', async () => {
    await unblock(wrongSoPin, '654321', 1)
    assert.deepEqual(await tries(), { so: '14', user: 'locked' })
  })

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`the counters are the same after ${signal}`, async () => {
      await token.end(signal)
      await token.start()
      assert.deepEqual(await tries(), { so: '14', user: 'locked' })
    })
  }

  test('the SO-PIN unblocks it with a new one', async () => {
    await unblock(soPin, '654321', 0)
    assert.deepEqual(await tries(), { so: '15', user: '3' })
    await login('654321', 0)
    await login(userPin, 1)
    await login('654321', 0)
  })

  test('the SO-PIN changes, too', async () => {
    await token.run('pkcs11-tool', [
      ...['--login', '--login-type', 'so', '--so-pin', soPin, '--change-pin', '--new-pin', newSoPin],
    ])
    await unblock(soPin, userPin, 1)
    assert.deepEqual(await tries(), { so: '14', user: '3' })
    await unblock(newSoPin, userPin, 0)
    assert.deepEqual(await tries(), { so: '15', user: '3' })
    await login(userPin, 0)
  })

  test('a try that is spent stays spent when the process is killed right after the answer', async () => {
    await login(wrongPin, 1)
    await token.end('SIGKILL')
    await token.start()
    assert.deepEqual(await tries(), { so: '15', user: '2' })
    await login(userPin, 0)
  })

  test('wrong SO-PINs until that is blocked: nothing initialises the token any more', async () => {
    const wrong = ['--initialize', '--so-pin', wrongSoPin, '--pin', userPin]
    for (let count = 0; count < 15; count++) await token.run('sc-hsm-tool', wrong)
    assert.deepEqual(await tries(), { so: 'locked', user: '3' })
    await token.run('sc-hsm-tool', ['--initialize', '--so-pin', newSoPin, '--pin', '654321'])
    await unblock(newSoPin, '654321', 1)
    // The user is not concerned.
    await login(userPin, 0)
  })
}
