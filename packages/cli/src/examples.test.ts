/** The examples at the end of each help: all are commands that exist, and those that need no reader and no service run. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { commandTree, helpOf } from '@keytether/test/help'
import { keytether } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'
import type { Command } from 'commander'
import { createProgram } from './program.ts'

const main = join(import.meta.dirname, 'main.ts')

function examplesOf(command: Command): string[] {
  const [, section = ''] = helpOf(command).split('Examples:\n')
  return section
    .split('\n\n')[0]!
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}

const examples = [...new Set(commandTree(createProgram()).flatMap(examplesOf))]

/** The words after `keytether`, as far as they are its own. */
function words(example: string): string[] {
  const [, own = ''] = /(?:^|[ (])keytether ([^|>)]*)/.exec(example) ?? []
  return [...own.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
}

function disarm(command: Command): void {
  command.configureOutput({ writeErr: () => {} }).exitOverride()
  if (command.commands.length === 0 || command.name() === 'emulator') command.action(() => {})
  for (const sub of command.commands) disarm(sub)
}

test('each is a command with options that it has', async () => {
  const ours = examples.filter(example => !example.startsWith('openssl '))
  assert.ok(ours.length > 15, ours.join('\n'))
  for (const example of ours) {
    const program = createProgram()
    disarm(program)
    await assert.doesNotReject(program.parseAsync(words(example), { from: 'user' }), example)
  }
})

/** They want a card that has a domain. */
const ofDomains = /^keytether card (domain|group|wrap|unwrap|clone|backup|restore|import) /

test('those for one card run, on an emulated one', t => {
  if (!requirePeers(t, ['openssl'])) return
  const folder = mkdtempSync(join(tmpdir(), 'keytether-examples-'))
  try {
    writeFileSync(join(folder, 'so-pin'), '3537363231383830\n')
    writeFileSync(join(folder, 'pin'), '648219\n')
    writeFileSync(join(folder, 'document.pdf'), 'a document')
    // Not asked for, since there is no terminal: which card, and its PIN.
    const card = `keytether() {
  case "$*" in
    card*--emulator*) ;;
    card*) set -- "$@" --emulator token.state ;;
  esac
  case "$*" in
    *--pin-file*) ;;
    *generate*|*sign*|*crypt*|*mac*|*derive*) set -- "$@" --pin-file pin ;;
  esac
  '${process.execPath}' '${main}' "$@"
}
`
    const chosen = examples.filter(
      example =>
        /^(keytether (card|emulator root)|openssl) /.test(example) &&
        !/--(reader|service)/.test(example) &&
        !ofDomains.test(example),
    )
    // First what makes the token, then what makes keys.
    const asking = 'keytether card initialize --label web'
    const first = chosen.find(example => example.includes('initialize') && example !== asking)!
    const rest = chosen.filter(example => example !== first && example !== asking)
    rest.sort((a, b) => Number(b.includes('generate')) - Number(a.includes('generate')))
    const script = ['set -e', card, first, ...rest].join('\n')
    const printed = execFileSync('bash', ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    assert.match(printed, /Verified OK/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('those for key domains run: keys leave one emulated card and enter another', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-examples-'))
  try {
    writeFileSync(join(folder, 'pin'), '648219\n')
    for (const name of ['from', 'to']) {
      const emulator = await Emulator.open({ store: fileStore(join(folder, name)) })
      const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
      const pins = { soPin: Buffer.from('57621880'), userPin: Buffer.from('648219') }
      await card.initialize({ ...pins, keyDomains: 2 })
      await card.verifyPin(pins.userPin)
      await card.keyDomains.create(0, 1)
      await card.keyDomains.importShare(0, new Uint8Array(32))
      if (name === 'from') await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'web' })
      await emulator.close()
    }
    const run = async (example: string, token: string) => {
      const { code, stderr } = await keytether([...words(example), '--emulator', token, '--pin-file', 'pin'], {
        cwd: folder,
      })
      assert.equal(code, 0, `${example}\n${stderr}`)
    }
    for (const example of examples.filter(each => /card (domain create|wrap) /.test(each))) await run(example, 'from')
    const unwrapping = examples.filter(each => each.includes('card unwrap '))
    // The same key twice wants a reference.
    unwrapping.sort((a, b) => Number(a.includes('--reference')) - Number(b.includes('--reference')))
    for (const example of unwrapping) await run(example, 'to')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('those for groups run, one after the other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-examples-'))
  try {
    writeFileSync(join(folder, 'pin'), '648219\n')
    for (const name of ['founder', 'a', 'b']) {
      const emulator = await Emulator.open({ store: fileStore(join(folder, name)) })
      const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
      await card.initialize({ soPin: Buffer.from('57621880'), userPin: Buffer.from('648219'), keyDomains: 1 })
      await emulator.close()
    }
    const run = async (example: string) => {
      const pins = example.includes(' identity ') ? [] : ['--pin-file', 'pin']
      const both = example.includes(' connect ') ? ['--to-pin-file', 'pin'] : []
      const { code, stderr } = await keytether([...words(example), ...pins, ...both], { cwd: folder })
      assert.equal(code, 0, `${example}\n${stderr}`)
    }
    for (const example of examples.filter(each => each.startsWith('keytether card group '))) {
      await run(example)
      const ofTheOther = example.replaceAll(/\ba\b/g, 'b')
      if (example !== ofTheOther && !example.includes(' connect ')) await run(ofTheOther)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
