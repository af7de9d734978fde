import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { agentReporter, dialUrl } from './agent-options.ts'
import { CliError } from './errors.ts'

test('of a certificate that is not trusted, people are told what to do', () => {
  const lines: (string | undefined)[] = []
  const report = agentReporter((_, line) => lines.push(line))
  const event = { event: 'disconnected', reason: 'not trusted', retryMs: 1000 } as const
  report({ ...event, code: 'UNTRUSTED' })
  report({ ...event, code: 'NETWORK' })
  assert.deepEqual(lines, [
    'disconnected: not trusted; if its authority is your own, name it with --ca FILE; trying again in 1.0 s',
    'disconnected: not trusted; trying again in 1.0 s',
  ])
})

test('an enrolment secret from a file becomes the password of the URL', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-enrolment-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'secret')
  writeFileSync(file, 's3/c%ret\nmore\n')
  const url = await dialUrl('https://hsm.example.com/rt/hsm', { enrolmentFile: file })
  assert.equal(url, 'https://:s3%2Fc%25ret@hsm.example.com/rt/hsm')
  assert.equal(decodeURIComponent(new URL(url).password), 's3/c%ret')
  for (const taken of ['https://:a@hsm.example.com/', 'https://hsm.example.com/?enrolment=a']) {
    await assert.rejects(dialUrl(taken, { enrolmentFile: file }), CliError)
  }
  writeFileSync(file, '\n')
  await assert.rejects(dialUrl('https://hsm.example.com/', { enrolmentFile: file }), /there is no secret/)
  assert.equal(await dialUrl('https://:a@hsm.example.com/', {}), 'https://:a@hsm.example.com/')
})
