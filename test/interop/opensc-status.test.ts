/** `keytether card status` beside `sc-hsm-tool` on the same token: what both tell, they tell in the same words. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openscTests, openToken, soPin, userPin } from '@keytether/test/opensc'
import { virtualReaders } from '@keytether/test/sandbox'

/** What the tool says of itself, not of the token. */
const ofTheTool = /^(Using reader with a card: .*|)$/

if (await openscTests(import.meta.filename)) {
  const token = await openToken()
  after(() => token[Symbol.asyncDispose]())
  const main = new URL('../../packages/cli/src/main.ts', import.meta.url).pathname
  const card = (...args: string[]) =>
    token.run(process.execPath, [main, 'card', ...args, '--reader', virtualReaders[0].name, '--trust', 'root.cvc'])
  const initialize = (...args: string[]) =>
    card(
      'initialize',
      '--yes',
      '--so-pin-file',
      'so-pin',
      ...(args.includes('--no-pin') ? [] : ['--pin-file', 'pin']),
      ...args,
    )
  const wrongPin = () => token.pkcs11(['--login', '--pin', '000000', '--list-objects'], { code: 1 })

  /** Lines, without the spaces that align them. */
  const lines = (printed: string) =>
    printed
      .split('\n')
      .map(line => line.replace(/ *: */, ': ').trimEnd())
      .filter(line => !ofTheTool.test(line))
  const tool = async (...args: string[]) => lines((await token.run('sc-hsm-tool', args)).stdout)
  const ours = async () => lines((await card('status')).stdout)

  /** Each line of the tool is one of ours, and in the same order. */
  async function same(theirs: readonly string[]): Promise<string[]> {
    const status = await ours()
    const shared = status.filter(line => theirs.includes(line))
    assert.deepEqual(shared, theirs, status.join('\n'))
    return status
  }

  test('files', async () => {
    await token.write('pin', userPin)
    await token.write('so-pin', soPin)
    await token.run(process.execPath, [main, 'emulator', 'root', '--out', 'root.cvc'])
  })

  test('never initialised', async () => {
    const [version, never, ...more] = await tool()
    assert.deepEqual(more, [])
    const status = await ours()
    assert.ok(status.includes(version!))
    const [sentence] = never!.split('. ')
    assert.ok(status.some(line => line.startsWith(`${sentence}. `)))
  })

  const states: readonly (readonly [state: string, options: readonly string[], ...tells: RegExp[]])[] = [
    ['initialised', ['--label', 'mine'], /^Label: mine$/m, /no key domain: keys never leave the device/],
    ['another number of tries', ['--tries', '2'], /^User PIN tries left: 2$/m],
    ['without reset of the PIN', ['--no-pin-reset']],
    ['a transport PIN', ['--transport-pin'], /^Transport-PIN active\..*\n {2}with `keytether card pin change`/m],
    [
      'options that the tool does not know',
      ['--reset-counter-only', '--session-pin', 'reset'],
      /SO-PIN unblocks the user PIN but cannot set it/,
    ],
    [
      'two shares of a DKEK',
      ['--dkek-shares', '2'],
      /^DKEK import pending, 2 share\(s\) still missing$/m,
      /2 of 2 shares missing: `keytether card domain import`/,
    ],
    ['a DKEK of the card', ['--dkek-shares', '0'], /^DKEK key check value: [0-9A-F]{16}$/m, /which alone has it/],
    [
      'public key authentication',
      ['--custodians', '3', '--required', '2', '--no-pin'],
      /^Public key authentication active\.$/m,
      /3 of 3 still to be registered/,
    ],
    [
      'both',
      ['--custodians', '2', '--required', '1', '--replace-custodians'],
      /User PIN and public key authentication both needed/,
    ],
  ]
  for (const [state, options, ...tells] of states) {
    test(state, async () => {
      await initialize(...options)
      const status = (await same(await tool())).join('\n')
      for (const told of tells) assert.match(status, told)
    })
  }

  test('several key domains', async () => {
    await initialize('--key-domains', '3')
    const status = await ours()
    for (const index of [0, 1, 2]) assert.ok(status.includes(`Key domain ${index}: not set up`))
  })

  test('the status of public key authentication, as the tool has a command for it', async () => {
    await initialize('--custodians', '3', '--required', '2', '--no-pin')
    await same(await tool('--public-key-auth-status'))
  })

  test('one share of two, then both', async () => {
    await initialize('--dkek-shares', '2')
    const share = '00'.repeat(31)
    for (const [last, told] of [
      ['01', /^DKEK import pending, 1 share\(s\) still missing$/m],
      ['02', /^DKEK key check value: [0-9A-F]{16}\n {2}devices with the same key check value/m],
    ] as const) {
      await token.run('opensc-tool', ['--send-apdu', `8052000020${share}${last}`])
      assert.match((await same(await tool())).join('\n'), told)
    }
  })

  test('PINs: fewer tries, the last one, none', async () => {
    await initialize()
    await wrongPin()
    await same(await tool())
    await wrongPin()
    assert.match((await same(await tool())).join('\n'), /^User PIN tries left: 1\n {2}one more wrong PIN locks it/m)
    await wrongPin()
    assert.match((await same(await tool())).join('\n'), /^User PIN locked\n {2}until `keytether card pin unblock`/m)
    await initialize('--no-pin-reset', '--tries', '1')
    await wrongPin()
    assert.match((await same(await tool())).join('\n'), /^User PIN locked\n {2}for ever/m)
  })

  test('the SO-PIN: the last try, and none', async () => {
    await initialize()
    const wrong = () => token.run('sc-hsm-tool', ['--initialize', '--so-pin', '3030303030303030', '--pin', userPin])
    for (let left = 14; left >= 1; left--) await wrong()
    assert.match((await same(await tool())).join('\n'), /^SO-PIN tries left: 1\n {2}one more wrong SO-PIN/m)
    await wrong()
    assert.match((await same(await tool())).join('\n'), /^SO-PIN locked\n {2}for ever/m)
    const { stdout } = await card('initialize', '--dry-run')
    assert.match(stdout, /^SO-PIN +: blocked: nothing unblocks it/m)
  })
}
