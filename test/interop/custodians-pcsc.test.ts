/** A device in one reader, opened by the token of its custodian in another. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { watchReaders } from '@keytether/driver'
import { keytether, startKeytether } from '@keytether/test/keytether'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { insideSandbox, virtualReaders } from '@keytether/test/sandbox'

const missing = missingPeers(sandboxPeers)
if (missing !== undefined) {
  test('cards in readers', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
} else if (await insideSandbox(import.meta.filename)) {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-custodians-pcsc-'))
  const file = (name: string) => join(folder, name)
  const running: ChildProcess[] = []
  const [device, custodian] = virtualReaders
  const reader = ['--reader', device.name]
  const own = ['--custodian', `reader:${custodian.name}`, '--custodian-pin-file', 'pin']
  const trust = ['--trust', 'root.cvc']

  const run = (...args: string[]) => keytether(args, { cwd: folder })
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args)
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }

  before(async () => {
    writeFileSync(file('pin'), '648219\n')
    writeFileSync(file('so-pin'), '3537363231383830\n')
    await ok('emulator', 'root', '--out', 'root.cvc')
    const [alice, guarded] = [
      ['--emulator', 'alice.state'],
      ['--emulator', 'guarded.state'],
    ] as const
    await ok('card', 'initialize', '--yes', '--so-pin-file', 'so-pin', '--pin-file', 'pin', ...alice)
    await ok('card', 'generate', '--ec', 'brainpoolP256r1', '--label', 'alice', '--pin-file', 'pin', ...alice)
    await ok('card', 'custodian', 'export', 'alice', '--out', 'alice.pka', ...alice)
    const keys = ['--custodians', '1', '--required', '1', '--no-pin']
    await ok('card', 'initialize', ...keys, '--yes', '--so-pin-file', 'so-pin', ...guarded)
    await ok('card', 'custodian', 'register', 'alice.pka', ...guarded)

    const inserted = new Set<string>()
    const both = new AbortController()
    const seen = watchReaders({ signal: both.signal }, change => {
      if (change.state === 'card') inserted.add(change.reader)
      if (inserted.size === 2) both.abort()
    })
    for (const [state, { host, port }] of [
      ['guarded.state', device],
      ['alice.state', custodian],
    ] as const) {
      running.push(startKeytether(['emulator', '--state', state, '--vpcd', `${host}:${port}`], { cwd: folder }))
    }
    await seen
  })
  after(async () => {
    for (const child of running) {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
    rmSync(folder, { recursive: true })
  })

  test('with the custodian it makes keys and signs, and without does not', async () => {
    const generate = ['card', 'generate', '--ec', 'secp256r1', '--label', 'web', ...reader, ...trust]
    const { code, stderr } = await run(...generate)
    assert.equal(code, 3, stderr)
    assert.match(stderr, /1 of 1 keys opens the device; 0 authenticated/)
    await ok(...generate, ...own)
    assert.match(await ok('card', 'sign', 'web', 'pin', ...reader, ...trust, ...own), /^30/)
    assert.equal((await run('card', 'sign', 'web', 'pin', ...reader, ...trust)).code, 3, 'it was left closed')
  })

  test('its own reader is no custodian', async () => {
    const self = ['--custodian', `reader:${device.name}`, '--custodian-pin-file', 'pin']
    const { code, stderr } = await run('card', 'sign', 'web', 'pin', ...reader, ...trust, ...self)
    assert.equal(code, 2, stderr)
    assert.match(stderr, /^error: ZZEMU\w+ is the device that is to be opened/)
  })
}
