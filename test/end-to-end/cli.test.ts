/** The command line as scripts meet it: exit codes, standard output and error, help and completion. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'

describe('help', () => {
  test('lists the commands and the exit codes', async () => {
    const { code, stdout, stderr } = await keytether(['--help'])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const word of ['demo', 'serve', 'emulator', 'agent', 'card', 'completion', 'Exit codes:', 'Examples:']) {
      assert.match(stdout, new RegExp(`\\b${word}`))
    }
    assert.doesNotMatch(stdout, /\bcomplete\b/)
  })

  test('of a command', async () => {
    const { code, stdout } = await keytether(['card', 'pin', 'change', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: keytether card pin change\b/)
  })

  test('has no colours where nobody sees them', async () => {
    const { stdout } = await keytether(['card', '--help'])
    assert.ok(!stdout.includes('\u001b['))
  })
})

describe('wrong usage ends with 2, an error and a hint', () => {
  const rows: readonly (readonly [args: string, error: RegExp])[] = [
    ['', /^Usage: keytether/],
    ['card sgn', /^error: unknown command 'sgn'\n\(Did you mean sign\?\)/],
    ['card status --raeder x', /^error: unknown option '--raeder'\n\(Did you mean --reader\?\)/],
    ['card generate', /^error: required option '--label <text>' not specified/],
    ['card generate --label a', /^error: which kind of key\?\nhint: add --ec secp256r1, --rsa 2048 or --aes 256/],
    ['card generate --label a --rsa 512', /Wanted 1024 to 4096/],
    ['card generate --label a --ec secp256r1 --rsa 2048', /cannot be used with option/],
    ['card generate --label a --ec P-256x', /^error: there is no curve P-256x\nhint: there is secp192r1, /],
    ['card sign key --scheme DSA', /Allowed choices are ECDSA, RSA_PKCS1, RSA_PSS/],
    ['card sign key --digest xyz', /^error: the digest is not an even number of hexadecimal digits/],
    ['card status --reader a --emulator b', /^error: --reader and --emulator name different cards: give one of them/],
    ['card status --device a --emulator b', /^error: --emulator and --device name different cards/],
    ['card status --service hsm', /Wanted a URL such as/],
    ['card devices', /^error: which service\?\nhint: add --service URL, or set KEYTETHER_URL/],
    ['card random 0', /Wanted a number, at least 1/],
    ['demo --port 70000', /Wanted 0 to 65535/],
    ['serve --listen 8080', /Wanted HOST:PORT/],
    ['emulator', /^error: .*--state/],
    ['serve --tls-cert README.md', /hint: --tls-cert gives tls.certificate\n|hint: --tls-key gives tls.key/],
    ['card sign key --digest 0123', /^error: the digest has 2 bytes, and a hash has 20, 28, 32, 48, 64\n/],
    ['card sign key file --digest 0123', /^error: --digest is signed in place of a file/],
  ]
  for (const [args, error] of rows) {
    test(`keytether ${args}`, async () => {
      const { code, stdout, stderr } = await keytether(args === '' ? [] : args.split(' '))
      assert.equal(code, 2, stderr)
      assert.match(stderr, error)
      assert.equal(stdout, '')
    })
  }
})

test('help of a command of a command', async () => {
  const [first, second] = [await keytether(['help', 'card', 'sign']), await keytether(['card', 'sign', '--help'])]
  assert.deepEqual(first, second)
  assert.equal(first.code, 0)
  assert.match(first.stdout, /^Usage: keytether card sign /)
})

describe('what the system refuses', () => {
  const rows: readonly (readonly [args: readonly string[], code: number, error: RegExp])[] = [
    [['demo', '--data', import.meta.filename], 1, /cli\.test\.ts: file already exists\nhint: choose another name\n$/],
    [['demo', '--data', '/proc/none/at/all'], 4, /^error: \/proc\/none: no such file or directory\n$/],
    [['demo', '--data', ''], 2, /Wanted the name of a folder/],
    [['agent', 'http://localhost', '--ca', 'none.pem'], 4, /^error: none\.pem: no such file or directory\n$/],
    [
      ['serve', '--listen', '192.0.2.1:80', '--database', 'sqlite::memory:'],
      1,
      /error: 192\.0\.2\.1:80: address not available\nhint: this machine does not have that address\n/,
    ],
  ]
  for (const [args, code, error] of rows) {
    test(args.join(' '), async () => {
      const run = await keytether(args, { env: { KEYTETHER_TOKEN: 'sixteen-or-more-characters' } })
      assert.match(run.stderr, error)
      assert.equal(run.code, code)
    })
  }
})

describe('completion', () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    test(`a script for ${shell}`, async () => {
      const { code, stdout } = await keytether(['completion', shell])
      assert.equal(code, 0)
      assert.match(stdout, /keytether complete ['-]/)
    })
  }

  const rows: readonly (readonly [words: string[], suggestions: string[]])[] = [
    [['se'], ['serve', 'session', 'service']],
    [
      ['card', 's'],
      ['status', 'sign'],
    ],
    [
      ['card', 'pin', ''],
      ['status', 'change', 'unblock', 'help'],
    ],
    [['card', 'sign', 'key', '--sch'], ['--scheme']],
    [
      ['card', 'sign', 'key', '--scheme', 'RSA'],
      ['RSA_PKCS1', 'RSA_PSS'],
    ],
  ]
  for (const [words, suggestions] of rows) {
    test(words.join(' '), async () => {
      const { stdout } = await keytether(['complete', '--', ...words])
      const lines = stdout.trim().split('\n').slice(0, -1)
      assert.deepEqual(
        lines.map(line => line.split('\t')[0]),
        suggestions,
      )
    })
  }
})
