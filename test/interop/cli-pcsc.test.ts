/** `keytether` with a card in a reader: an emulated one in vpcd, looked at, used, and lent to a service by the agent. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { keytether, startKeytether } from '@keytether/test/keytether'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { insideSandbox, virtualReaders } from '@keytether/test/sandbox'

const missing = missingPeers(sandboxPeers)
if (missing !== undefined) {
  test('cards in readers', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
} else if (await insideSandbox(import.meta.filename)) {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-cli-pcsc-'))
  const file = (name: string) => join(folder, name)
  const [{ name: reader, host, port }] = virtualReaders
  const running: ChildProcess[] = []
  after(async () => {
    for (const child of running.reverse()) await end(child)
    rmSync(folder, { recursive: true })
  })

  /** Starts a command that goes on, and waits for an event of it. */
  const start = async (args: readonly string[], event: string) => {
    const child = startKeytether([...args, '--json'], { cwd: folder })
    running.push(child)
    child.stderr!.resume()
    const lines = createInterface({ input: child.stdout! })
    const next = (wanted: string): Promise<Record<string, unknown>> =>
      new Promise((resolve, reject) => {
        const onLine = (line: string) => {
          const found = JSON.parse(line) as Record<string, unknown>
          if (found.event !== wanted) return
          lines.off('line', onLine)
          resolve(found)
        }
        lines.on('line', onLine)
        child.once('exit', code => reject(new Error(`${args[0]} ended with ${code} before ${wanted}`)))
      })
    return { child, first: await next(event), next }
  }
  const ok = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await keytether(args, { cwd: folder })
    assert.equal(code, 0, stderr)
    return stdout
  }
  async function end(child: ChildProcess) {
    if (child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
  }

  writeFileSync(file('pin'), '648219\n')
  writeFileSync(file('so-pin'), '3537363231383830\n')
  writeFileSync(file('token'), 'a-token-that-is-long-enough\n')

  test('no card: 4 and what to do', async () => {
    const { code, stderr } = await keytether(['card', 'status', '--reader', reader])
    assert.equal(code, 4)
    assert.match(stderr, /hint: put a card into the reader/)
    const unknown = await keytether(['card', 'status', '--reader', 'Reader'])
    assert.equal(unknown.code, 4)
    assert.match(unknown.stderr, /^error: there is no reader Reader\nhint: there is Virtual PCD 00 00\n/)
    const several = await keytether(['card', 'status'])
    assert.equal(several.code, 2)
    assert.match(several.stderr, /^error: there are several readers: choose one with --reader/)
  })

  test('a card is initialised, makes a key and signs', async () => {
    await start(['emulator', '--state', 'token.state', '--vpcd', `${host}:${port}`], 'inserted')
    assert.deepEqual(
      JSON.parse(await ok(['card', 'readers', '--json'])),
      virtualReaders.map(({ name }) => name),
    )
    const untrusted = await keytether(['card', 'status', '--reader', reader])
    assert.equal(untrusted.code, 1)
    assert.match(
      untrusted.stderr,
      /hint: if the device is one of your own, name its root with --trust FILE\nhint: .*emulator root > root.cvc/,
    )

    await ok(['emulator', 'root', '--out', 'root.cvc'])
    const card = ['--reader', reader, '--trust', 'root.cvc']
    await ok(['card', 'initialize', '--so-pin-file', 'so-pin', '--pin-file', 'pin', '--yes', ...card])
    await ok(['card', 'generate', '--ec', 'secp256r1', '--label', 'web', '--pin-file', 'pin', ...card])
    const digest = ['--digest', '00'.repeat(32), '--pin-file', 'pin']
    assert.match(await ok(['card', 'sign', 'web', ...digest, ...card]), /^30[0-9a-f]+\n$/)
    const onlyCard = JSON.parse(await ok(['card', 'list', '--json', '--trust', 'root.cvc']))
    assert.equal(onlyCard.keys[0].label, 'web', 'the other reader is empty')
    const { stdout } = await keytether(['complete', '--', 'card', 'status', '--reader', ''])
    assert.match(stdout, /^Virtual PCD 00 00\t/)
  })

  test('the agent lends it to a service', async () => {
    const options = ['--listen', '127.0.0.1:0', '--token-file', 'token', '--trust', 'root.cvc', '--admit', 'genuine']
    const service = await start(['serve', ...options], 'ready')
    const { ram, api } = service.first as { ram: string; api: string }
    const agent = await start(['agent', ram, '--reader', reader, '--pin-file', 'pin'], 'connected')
    assert.equal(agent.first.reader, reader)
    const headers = { authorization: 'Bearer a-token-that-is-long-enough' }
    for (let tries = 0; ; tries++) {
      const response = await fetch(`${api}/keys`, { headers })
      assert.equal(response.status, 200)
      const keys = (await response.json()) as { label: string }[]
      if (keys.length > 0) {
        assert.equal(keys[0]!.label, 'web')
        break
      }
      assert.ok(tries < 200, 'the key is listed')
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    const disconnected = agent.next('disconnected')
    await end(service.child)
    assert.match(String((await disconnected).reason), /the service is shutting down/)
    await end(agent.child)
  })
}
