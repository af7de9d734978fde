/** `keytether share`: from a new share to paper and back, and from one group of custodians to the next. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { joinPassword, readPasswordShares, readShareFile } from '@keytether/custody'
import { keytether, type RunOptions, startKeytether } from '@keytether/test/keytether'

const folder = mkdtempSync(join(tmpdir(), 'keytether-share-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const password = 'correct horse battery staple'
const file = (name: string) => join(folder, name)
writeFileSync(file('password'), `${password}\n`)
writeFileSync(file('wrong-password'), 'correct horse battery stable\n')

async function ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await keytether(['share', ...args], { cwd: folder, ...options })
  assert.equal(code, 0, stderr)
  return stdout
}

async function fails(code: number, message: RegExp, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const result = await keytether(['share', ...args], { cwd: folder, ...options })
  assert.match(result.stderr, message)
  assert.equal(result.code, code)
}

let keyCheckValue: string

describe('under a password', () => {
  test('create, and show its key check value', async () => {
    const made = JSON.parse(await ok(['create', 'web.pbe', '--password-file', 'password', '--json']))
    keyCheckValue = made.keyCheckValue
    assert.match(keyCheckValue, /^[0-9A-F]{16}$/)
    assert.equal(readFileSync(file('web.pbe')).length, 64)
    assert.equal(statSync(file('web.pbe')).mode & 0o777, 0o600)
    const shown = await ok(['show', 'web.pbe', '--password-env', 'WEB'], { env: { WEB: password } })
    assert.equal(shown, `Share           : web.pbe\nKey check value : ${keyCheckValue} of this share alone\n`)
  })

  test('a wrong one opens nothing', () =>
    fails(3, /^error: web.pbe: wrong password, or the file is damaged\n$/, [
      ...['show', 'web.pbe', '--password-file', 'wrong-password'],
    ]))

  test('what is there already is not replaced', async () => {
    const before = readFileSync(file('web.pbe'))
    await fails(1, /^error: web.pbe is there already/, ['create', 'web.pbe', '--password-file', 'password'])
    assert.deepEqual(readFileSync(file('web.pbe')), before)
  })

  test('what is missing or makes no sense is told before any work', async () => {
    writeFileSync(file('short-password'), 'short\n')
    await fails(3, /wanted 10 characters or more, got 5/, ['create', 'x.pbe', '--password-file', 'short-password'])
    await fails(3, /the password is needed, and there is no terminal/, ['create', 'x.pbe'])
    await fails(3, /password of web.pbe is needed.*\n.*--password-shares/, ['show', 'web.pbe'])
    await fails(1, /password: not a file with a DKEK share: it does not start with "Salted__"/, ['show', 'password'])
    await fails(4, /no-file: no such file/, ['show', 'no-file'])
    await fails(2, /2 passwords were given for 1 share file/, [
      ...['show', 'web.pbe', '--password-file', 'password', '--password-env', 'HOME'],
    ])
    await fails(2, /Wanted n-of-m, such as 2-of-3/, ['create', 'x.pbe', '--split', '2/3'])
    await fails(2, /Wanted n-of-m with n from 2 to m/, ['create', 'x.pbe', '--split', '4-of-3'])
    await fails(2, /there is no terminal\nhint: write them to files with --sheets/, [
      'create',
      'x.pbe',
      '--split',
      '2-of-3',
    ])
    await fails(2, /--sheets is for password shares/, [
      'create',
      'x.pbe',
      '--sheets',
      's',
      '--password-file',
      'password',
    ])
    assert.ok(!readdirSync(folder).includes('x.pbe'))
  })
})

describe('for custodians', () => {
  const given = (...numbers: readonly number[]) =>
    numbers.flatMap(number => ['--password-shares', `custodians/new-${number}-of-3.txt`])

  test('the same share for two of three', async () => {
    const { stdout, stderr, code } = await keytether(
      [
        'share',
        'resplit',
        'web.pbe',
        'new.pbe',
        '--password-file',
        'password',
        '--split',
        '2-of-3',
        '--sheets',
        'custodians',
      ],
      { cwd: folder },
    )
    assert.equal(code, 0, stderr)
    assert.match(stdout, new RegExp(`${keyCheckValue} of this share alone\nOpened by +: 2 of 3 custodians`))
    assert.match(stderr, /Destroy web.pbe and its copies/)
    assert.match(await ok(['show', 'new.pbe', ...given(3, 1)]), new RegExp(keyCheckValue))
  })

  test('one of them is too few, one twice is one, and a mistyped one is told', async () => {
    await fails(3, /^error: wanted 2 password shares or more, got 1/, ['show', 'new.pbe', ...given(2)])
    await fails(3, /^error: password share 2 was given twice/, ['show', 'new.pbe', ...given(2, 2)])
    const sheet = readFileSync(file('custodians/new-1-of-3.txt'), 'utf8')
    writeFileSync(file('mistyped'), sheet.replace(/^ 2 {2}\w+/m, ' 2  zoo'))
    await fails(1, /row 2 is not what was printed/, ['show', 'new.pbe', '--password-shares', 'mistyped', ...given(2)])
  })

  test('a wrong number has no check, but it opens nothing', async () => {
    const sheets = [1, 2].map(number => readFileSync(file(`custodians/new-${number}-of-3.txt`), 'utf8'))
    const numbers = sheets.map(sheet =>
      sheet.slice(sheet.indexOf('Prime'), sheet.indexOf('\n\n', sheet.indexOf('Prime'))),
    )
    writeFileSync(
      file('numbers'),
      numbers.join('\n').replace(/.$/, digit => (digit === '0' ? '1' : '0')),
    )
    await fails(3, /^error: new.pbe: the password shares do not open it\nhint: one of them may be mistyped/, [
      ...['show', 'new.pbe', '--password-shares', 'numbers'],
    ])
  })

  test('nobody finds a share or a password on disk in the clear', async () => {
    const sheets = [1, 2, 3].map(number => readFileSync(file(`custodians/new-${number}-of-3.txt`), 'utf8'))
    const [joined] = joinPassword(sheets.slice(0, 2).flatMap(readPasswordShares))
    const reading = await readShareFile(readFileSync(file('new.pbe')), joined!)
    assert.equal(reading.status, 'ok')
    const secrets = [(reading as { share: Uint8Array }).share, joined!].map(secret => Buffer.from(secret))
    const forms = secrets.flatMap(secret => [secret, ...(['hex', 'base64'] as const).map(e => secret.toString(e))])
    await ok(['print', 'new.pbe', '--out', 'new.txt'])
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name === 'custodians' || name.endsWith('password')) continue
      const content = readFileSync(file(name))
      for (const form of forms) assert.ok(!content.includes(form), name)
      assert.ok(!content.toString().toLowerCase().replaceAll(':', '').includes(secrets[1]!.toString('hex')), name)
      assert.ok(!content.includes(password), name)
    }
  })
})

test('Ctrl-C leaves neither a file nor password shares of it', async () => {
  const child = startKeytether(['share', 'create', 'never.pbe', '--split', '2-of-3', '--sheets', 'never'], {
    cwd: folder,
  })
  let said = ''
  child.stderr!.on('data', chunk => {
    if (said === '') child.kill('SIGINT')
    said += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 130)
  assert.match(said, /^Give each custodian one file of never .*\nerror: interrupted\n$/)
  assert.deepEqual(readdirSync(file('never')), [])
  assert.ok(!readdirSync(folder).includes('never.pbe'))
})

describe('on paper', () => {
  test('print and restore, from every form that can be typed', async () => {
    const content = readFileSync(file('new.pbe'))
    const sheet = await ok(['print', 'new.pbe'])
    writeFileSync(file('sheet'), sheet)
    await ok(['restore', 'sheet', '--out', 'restored.pbe'])
    assert.deepEqual(readFileSync(file('restored.pbe')), content)
    await ok(['restore', '--out', 'piped.pbe'], { input: content.toString('base64') })
    // Neither a slip of the pen nor one of the keyboard costs a share.
    for (const args of [
      ['restore', 'sheet', '--out', 'new.pbe'],
      ['print', 'new.pbe', '--out', 'new.pbe'],
    ]) {
      const before = readFileSync(file('new.pbe'))
      await fails(1, /^error: new\.pbe: file already exists\nhint: choose another name/, args)
      assert.deepEqual(readFileSync(file('new.pbe')), before)
    }
    assert.deepEqual(readFileSync(file('piped.pbe')), content)
    for (const format of ['svg', 'html'])
      assert.match(await ok(['print', 'new.pbe', '--format', format]), /<path transform/)
  })

  test('a wrong row is told', async () => {
    writeFileSync(file('wrong'), readFileSync(file('sheet'), 'utf8').replace(/^ 5 {2}\w+/m, ' 5  zoo'))
    await fails(1, /^error: row 5 is not what was printed: it does not fit its check #/, ['restore', 'wrong'])
    await fails(1, /there is nothing of a share file in this/, ['restore'], { input: 'To whom it may concern: ...\n' })
  })
})

/** Types an answer whenever another question is on the screen. */
async function onTerminal(args: string, question: RegExp, answers: readonly string[], wantedCode = 0): Promise<string> {
  const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
  const command = `stty rows 60 cols 160; exec ${process.execPath} ${main} share ${args}`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  })
  let shown = ''
  let answered = 0
  terminal.stdout.on('data', chunk => {
    shown += chunk
    const questions = new Set(shown.match(question)).size
    if (questions > answered) terminal.stdin.write(answers[answered++] ?? '\x03')
  })
  const [code] = await once(terminal, 'close')
  assert.equal(code, wantedCode, shown)
  return shown
}

describe('on a terminal', () => {
  test('each custodian sees his own share, one after the other', async () => {
    const questions = /Custodian \d of 2: press Enter|Custodian \d: write it down/g
    const shown = await onTerminal('create shown.pbe --split 2-of-2', questions, ['\r', '\r', '\r', '\r'])
    const pages = shown.split('\x1b[?1049h').slice(1)
    assert.deepEqual(
      pages.map(page => /Password share (\d) of 2/.exec(page)?.[1]),
      ['1', '2'],
    )
    // What one has seen is gone before the next is asked to look.
    for (const page of pages) assert.ok(page.indexOf('\x1b[2J\x1b[?1049l') > page.indexOf('not shown again'))
    assert.match(shown, /Encrypting shown.pbe █+░* +\d+ %/)
    assert.match(shown, /Opened by +: 2 of 2 custodians/)
    const [first, second] = pages.map(page => readPasswordShares(page.split('\x1b[?1049l')[0]!)[0]!)
    const [joined] = joinPassword([first!, second!])
    assert.equal((await readShareFile(readFileSync(file('shown.pbe')), joined!)).status, 'ok')
  })

  for (const [name, key] of [
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    test(`${name} takes the share off the screen, and nothing is kept`, async () => {
      const questions = /Custodian \d of 2: press Enter|Custodian \d: write it down/g
      const shown = await onTerminal('create never.pbe --split 2-of-2', questions, ['\r', key], 130)
      assert.ok(shown.indexOf('\x1b[2J\x1b[?1049l') > shown.indexOf('write it down'))
      assert.match(shown, /error: nothing was kept: what has been shown so far is of no use/)
      assert.ok(!readdirSync(folder).includes('never.pbe'))
    })
  }

  test('custodians type their shares, words or numbers, and nobody sees them', async () => {
    const sheets = [1, 3].map(number => readFileSync(file(`custodians/new-${number}-of-3.txt`), 'utf8'))
    const words = [...sheets[0]!.matchAll(/^ \d {2}([a-z ]+) #/gm)].map(([, row]) => row!.trim()).join(' ')
    const [value] = /(?<=Share value : ).*/.exec(sheets[1]!)!
    const questions = /Password of new.pbe|Share of custodian \d/g
    const shown = await onTerminal('show new.pbe', questions, ['\r', `${words}\r`, `3 ${value}\r`])
    assert.match(shown, new RegExp(`${keyCheckValue} of this share alone`))
    for (const word of [...words.split(' '), value]) assert.ok(!shown.includes(` ${word} `), word)
  })
})
