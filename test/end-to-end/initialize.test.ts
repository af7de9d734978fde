/** `keytether card initialize`: what it refuses before it asks anything, what it says beforehand, and what comes of it. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'

const folder = mkdtempSync(join(tmpdir(), 'keytether-initialize-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => join(folder, name)
writeFileSync(file('pin'), '648219\n')
writeFileSync(file('long-pin'), '64821964\n')
writeFileSync(file('so-pin'), '3537363231383830\n')
writeFileSync(file('wrong-so-pin'), '3030303030303030\n')

const state = file('token.state')
const card = (...args: string[]) => keytether(['card', ...args, '--emulator', state])
const soPin = ['--so-pin-file', file('so-pin')]
const pin = ['--pin-file', file('pin')]
const initialize = (...args: string[]) => card('initialize', ...args, '--yes', ...soPin)

async function ok(run: ReturnType<typeof card>): Promise<string> {
  const { code, stdout, stderr } = await run
  assert.equal(code, 0, stderr)
  return stdout
}

const status = async () => JSON.parse(await ok(card('status', '--json')))

describe('contradictions are refused before there is a card', () => {
  const rows: readonly (readonly [options: string, message: RegExp])[] = [
    ['--no-pin-reset --reset-counter-only', /forbids what --reset-counter-only allows/],
    ['--dkek-shares 1 --key-domains 2', /give one of them/],
    ['--custodians 3', /--custodians and --required belong together/],
    ['--required 2', /--custodians and --required belong together/],
    ['--custodians 2 --required 3', /3 of 2 custodians cannot be required/],
    ['--no-pin', /nothing would open the device/],
    ['--no-pin --custodians 2 --required 1 --tries 2', /--no-pin leaves no PIN/],
    ['--no-pin --custodians 2 --required 1 --transport-pin', /--no-pin leaves no PIN/],
    ['--no-pin --custodians 2 --required 1 --session-pin reset', /--no-pin leaves no PIN/],
    ['--no-pin --custodians 2 --required 1 --no-pin-reset', /--no-pin leaves no PIN/],
    ['--no-pin --custodians 2 --required 1 --pin-env PIN', /--no-pin leaves no PIN/],
    ['--replace-custodians', /--replace-custodians without custodians/],
    ['--label a --transport-pin', /a label can only be written after log-in/],
    ['--label a --custodians 2 --required 1', /a label can only be written after log-in/],
    ['--custodians 2 --required 1 --replace-custodians --session-pin reset', /the two share a bit/],
    ['--custodians 2 --required 1 --session-pin explicit', /the two share a bit/],
    ['--tries 11', /Wanted 1 to 10/],
    ['--tries 0', /Wanted 1 to 10/],
    ['--dkek-shares 256', /Wanted 0 to 255/],
    ['--key-domains 0', /Wanted 1 to 16/],
    ['--custodians 91 --required 1', /Wanted 1 to 90/],
    ['--session-pin never', /Allowed choices are reset, explicit/],
  ]
  for (const [options, message] of rows) {
    test(options, async () => {
      const { code, stdout, stderr } = await initialize(...options.split(' '))
      assert.match(stderr, message)
      assert.match(stderr, /^hint: /m)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.equal(existsSync(state), false)
    })
  }
})

test('a dry run makes no emulated token', async () => {
  const { code } = await card('initialize', '--dry-run')
  assert.equal(code, 4)
  assert.equal(existsSync(state), false)
})

test('tries that a short PIN may not have', async () => {
  const { code, stderr } = await initialize('--tries', '5', ...pin)
  assert.match(stderr, /a PIN of 6 bytes may have 1 to 3 tries, got 5/)
  assert.equal(code, 2)
  await ok(initialize('--tries', '10', '--pin-file', file('long-pin')))
  assert.deepEqual((await status()).userPin, { status: 'notVerified', triesLeft: 10 })
})

describe('what would be erased', () => {
  test('by name, with how it could have been saved; nothing is changed, and no try is spent', async () => {
    await ok(initialize('--dkek-shares', '1', '--label', 'first', ...pin))
    await ok(card('generate', '--ec', 'secp256r1', '--label', 'web', ...pin))
    await ok(card('generate', '--ec', 'secp256r1', '--label', 'root', '--not-exportable', ...pin))
    const before = readFileSync(state)
    const stdout = await ok(
      card('initialize', '--dry-run', '--so-pin-file', file('wrong-so-pin'), '--key-domains', '2'),
    )
    assert.match(stdout, /^Device +: ZZEMULATOR\/ZZEMULCA\/ZZEMU\w{6}, first$/m)
    assert.match(stdout, /key 1, web \(EC secp256r1\), lost unless there is a copy of it/)
    assert.match(stdout, /key 2, root \(EC secp256r1\), of which there can be no copy/)
    assert.match(stdout, /key domain 0: 1 of 1 share missing/)
    assert.match(stdout, /SO-PIN +: to be presented \(15 tries left\)/)
    assert.match(stdout, /nothing was changed$/m)
    assert.deepEqual(readFileSync(state), before)
  })

  test('the same above the question, which nobody answers here', async () => {
    const { code, stdout, stderr } = await card('initialize', ...soPin, ...pin)
    assert.match(stderr, /key 1, web .*\nerror: Initialise the device\? There is no terminal to ask on\n/s)
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.equal((await status()).keys, 2)
  })

  test('as JSON, before and after', async () => {
    const document = JSON.parse(await ok(card('initialize', '--dry-run', '--json')))
    assert.equal(document.initialized, false)
    assert.deepEqual(
      document.erases.keys.map(({ label }: { label: string }) => label),
      ['web', 'root'],
    )
    assert.deepEqual(document.settings, { options: 1, pinTries: 3 })
    const { initialized, device } = JSON.parse(await ok(initialize('--json', ...pin)))
    assert.equal(initialized, true)
    assert.equal(device, document.device)
    assert.equal((await status()).keys, 0)
  })
})

describe('each option: what it means, and what the card says afterwards', () => {
  const custodians = ['--custodians', '3', '--required', '2']
  const rows: readonly (readonly [options: readonly string[], meaning: RegExp, told: Record<string, unknown>])[] = [
    [[], /new tries and sets a new PIN.*never leave this device: no backup/s, { options: ['resetRetryCounter'] }],
    [['--label', 'name'], /Label +: name/, { label: 'name' }],
    [['--no-pin-reset'], /PIN reset +: never: .*all keys here are lost with it/, { options: [] }],
    [
      ['--reset-counter-only'],
      /can never set a PIN: one that is forgotten is so for ever/,
      { options: ['resetRetryCounter', 'resetCounterOnly'] },
    ],
    [['--tries', '1'], /the PIN; one wrong one blocks it/, { userPin: { status: 'notVerified', triesLeft: 1 } }],
    [['--transport-pin'], /opens nothing until its user has changed it/, { userPin: { status: 'transportPin' } }],
    [
      ['--session-pin', 'reset'],
      /ends when the card is reset/,
      { options: ['resetRetryCounter', 'sessionPinClearedOnReset'] },
    ],
    [
      ['--session-pin', 'explicit'],
      /outlives a reset/,
      { options: ['resetRetryCounter', 'sessionPinClearedOnReset', 'replaceAuthenticationKey'] },
    ],
    [['--dkek-shares', '0'], /a key that it makes now and that nobody else has/, {}],
    [['--dkek-shares', '1'], /with the same share: who has it and the PIN can copy them/, {}],
    [['--dkek-shares', '3'], /with the same 3 shares: who has all and the PIN can copy them/, {}],
    [['--key-domains', '1'], /1 key domain, to be set up later/, {}],
    [['--key-domains', '4'], /4 key domains, to be set up later/, {}],
    [
      [...custodians, '--no-pin'],
      /2 of 3 custodians, without a PIN: where fewer than 2/,
      {
        options: [],
        userPin: { status: 'notAuthenticated' },
        publicKeyAuthentication: { total: 3, missing: 3, required: 2, authenticated: 0 },
      },
    ],
    [
      custodians,
      /2 of 3 custodians as well: neither does without the other.*a registered key stays for ever/s,
      { options: ['resetRetryCounter', 'combinedAuthentication'] },
    ],
    [
      [...custodians, '--replace-custodians'],
      /registered keys can be replaced after log-in/,
      { options: ['resetRetryCounter', 'replaceAuthenticationKey', 'combinedAuthentication'] },
    ],
  ]
  for (const [options, meaning, told] of rows) {
    test(options.join(' ') || 'none', async () => {
      const { code, stderr } = await initialize(...options, ...(options.includes('--no-pin') ? [] : pin))
      assert.equal(code, 0, stderr)
      assert.match(stderr, meaning)
      const after = await status()
      for (const [name, value] of Object.entries(told)) assert.deepEqual(after[name], value, name)
    })
  }

  test('key domains', async () => {
    for (const [options, states] of [
      [[], []],
      [['--dkek-shares', '2'], [[2, 2]]],
      [
        ['--key-domains', '2'],
        [
          [0, 0],
          [0, 0],
        ],
      ],
    ] as const) {
      await ok(initialize(...options, ...pin))
      const { keyDomains } = (await status()) as { keyDomains: { shares: number; outstanding: number }[] }
      assert.deepEqual(
        keyDomains.map(each => [each.shares, each.outstanding]),
        states,
      )
    }
  })
})

test('a wrong SO-PIN initialises nothing', async () => {
  await ok(initialize('--label', 'kept', ...pin))
  const { code, stderr } = await card('initialize', '--yes', '--so-pin-file', file('wrong-so-pin'), ...pin)
  assert.match(stderr, /error: wrong SO-PIN: 14 tries left/)
  assert.equal(code, 3)
  assert.equal((await status()).label, 'kept')
})

test('what is left to be done', async () => {
  for (const [options, next] of [
    [['--dkek-shares', '2', ...pin], 'import 2 shares: `keytether card domain import`'],
    [['--key-domains', '2', ...pin], 'set up key domains: `keytether card domain create`'],
    [['--transport-pin', ...pin], 'the user changes the PIN: `keytether card pin change`'],
    [
      ['--custodians', '2', '--required', '1', '--no-pin'],
      'register the keys of 2 custodians: `keytether card custodian register`',
    ],
  ] as const) {
    const lines = (await ok(initialize(...options))).trimEnd().split('\n')
    assert.match(lines[0]!, /^initialised /)
    assert.deepEqual(lines.slice(1), [next])
  }
})

test('another label', async () => {
  await ok(initialize('--label', 'first', ...pin))
  assert.match(await ok(card('label', 'second', ...pin)), / is called second\n$/)
  assert.equal((await status()).label, 'second')
})
