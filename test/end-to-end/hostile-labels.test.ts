/** What a card calls things is for strangers to choose: it does nothing to the terminal of who looks at them. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { keytether } from '@keytether/test/keytether'

const folder = mkdtempSync(join(tmpdir(), 'keytether-labels-'))
const file = (name: string) => join(folder, name)
after(() => rmSync(folder, { recursive: true, force: true }))

/** Up a line, which is then cleared; a line of its own; and from right to left. */
const hostile = (name: string) => `${name}\u001b[1A\u001b[2K\nnothing \u202e\u009b2J`

before(async () => {
  writeFileSync(file('pin'), '648219\n')
  const emulator = await Emulator.open({ store: fileStore(file('state')) })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  const userPin = Buffer.from('648219')
  await card.initialize({ soPin: Buffer.from('57621880'), userPin, dkekShares: 0, label: hostile('token') })
  await card.verifyPin(userPin)
  await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: hostile('web') })
  await card.addData(hostile('data'), Buffer.from('content'))
  await card.addCertificate(hostile('issuer'), Buffer.from('3000', 'hex'))
  await emulator.close()
})

for (const args of [
  ['status'],
  ['list'],
  ['initialize', '--dry-run', '--no-pin', '--custodians', '1', '--required', '1'],
  ['delete', '1'],
  ['delete', '1', '--yes', '--pin-file', 'wrong'],
  ['attest', '--out', file('attestation')],
  ['wrap', '1', '--out', file('wrapped'), '--pin-file', file('pin')],
  ['unwrap', file('wrapped'), '--pin-file', file('pin')],
  ['encrypt', '1', file('pin'), '--iv', '00'.repeat(16), '--pin-file', file('pin')],
  ['backup', file('backup'), '--pin-file', file('pin')],
  ['restore', file('backup'), '--list'],
]) {
  test(`card ${args[0]}`, async () => {
    const where = args.includes('--list') ? [] : ['--emulator', file('state')]
    const { stdout, stderr } = await keytether(['card', ...args, ...where])
    const shown = stdout + stderr
    assert.doesNotMatch(shown, /[^\n\P{C}]/u, JSON.stringify(shown))
    assert.doesNotMatch(shown, /^nothing (?!was)/m, JSON.stringify(shown))
    assert.match(shown, /web|token|wrong|attest/, JSON.stringify(shown))
  })
}
