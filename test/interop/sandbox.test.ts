/** The sandbox that other tests stand in. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { missingPeers, requirePeers, sandboxPeers } from '@keytether/test/peers'
import { openSandbox, virtualReaders } from '@keytether/test/sandbox'

test('two at once, each with its own pcscd, and nothing is left of them', async t => {
  if (!requirePeers(t, [...sandboxPeers, 'opensc-tool'])) return
  const sandboxes = await Promise.all([openSandbox(), openSandbox()])
  const namespaces = await Promise.all(sandboxes.map(({ run }) => run('readlink', ['/proc/self/ns/net'])))
  assert.equal(new Set(namespaces.map(({ stdout }) => stdout)).size, 2)
  for (const { run } of sandboxes) {
    const { stdout } = await run('opensc-tool', ['--list-readers'])
    for (const { name } of virtualReaders) assert.ok(stdout.includes(name), stdout)
  }
  const children = sandboxes.map(({ spawn }) => spawn('sleep', ['60'], { stdio: 'inherit' }))
  const ended = Promise.all(children.map(child => once(child, 'exit')))
  await Promise.all(sandboxes.map(({ dispose }) => dispose()))
  await ended
  await assert.rejects(sandboxes[0]!.run('true'), /disposed/)
})

test('commands: input, exit code, time-out', async t => {
  if (!requirePeers(t, sandboxPeers)) return
  await using sandbox = await openSandbox()
  assert.deepEqual(await sandbox.run('cat', [], { input: 'to be read' }), { code: 0, stdout: 'to be read', stderr: '' })
  assert.deepEqual(await sandbox.run('pwd'), { code: 0, stdout: `${process.cwd()}\n`, stderr: '' })
  assert.equal((await sandbox.run('sh', ['-c', 'exit 3'])).code, 3)
  await assert.rejects(sandbox.run('sleep', ['60'], { timeoutMs: 50 }), /sleep did not end within 50 ms/)
})

test('what is missing is named with its Debian package', t => {
  assert.equal(missingPeers([]), undefined)
  const path = process.env.PATH
  t.after(() => {
    process.env.PATH = path
  })
  process.env.PATH = ''
  assert.match(
    missingPeers(['sc-hsm-tool', 'opensc-tool']) ?? '',
    /^sc-hsm-tool, opensc-tool missing: apt-get install opensc$/,
  )
})
