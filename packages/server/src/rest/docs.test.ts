/** The OpenAPI document, held against its standard by somebody else's schema, and the page that shows it, in a browser. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { openApiDocument } from '@keytether/api'
import { requirePeers } from '@keytether/test/peers'
import { Validator } from '@seriousme/openapi-schema-validator'
import fastify from 'fastify'
import { docs } from './docs.ts'

const app = fastify()
app.register(docs, { prefix: '/v1' })
let base: string

before(async () => {
  base = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1`
})
after(() => app.close())

test('the document is one of OpenAPI 3.1', async () => {
  const response = await fetch(`${base}/openapi.json`)
  const document = await response.json()
  assert.deepEqual(document, JSON.parse(JSON.stringify(openApiDocument('0.1.0'))))
  const validator = new Validator()
  const { valid, errors } = await validator.validate(document)
  assert.ok(valid, JSON.stringify(errors, null, 2))
  assert.equal(validator.version, '3.1')
})

test('types of problems are addresses that say what they are', async () => {
  const problem = await (await fetch(`${base}/problems/STALE`)).json()
  assert.deepEqual(problem, { code: 'STALE', status: 412, title: 'It has changed since the caller looked at it' })
})

test('the page shows every operation, with nothing from elsewhere', { timeout: 60_000 }, async t => {
  if (!requirePeers(t, ['chromium'])) return
  const folder = mkdtempSync(join(tmpdir(), 'keytether-docs-'))
  try {
    const settings = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${folder}`,
      '--enable-logging=stderr',
    ]
    const looking = ['--virtual-time-budget=15000', '--dump-dom', `${base}/docs`]
    const { stdout: shown, stderr } = await promisify(execFile)('chromium', [...settings, ...looking], {
      maxBuffer: 2 ** 26,
    })
    assert.doesNotMatch(stderr, /Content Security Policy/)
    for (const tag of ['keys', 'devices', 'groups']) assert.match(shown, new RegExp(`id="operations-tag-${tag}"`))
    assert.doesNotMatch(shown, /https?:\/\/(?!127\.0\.0\.1|www\.w3\.org)[^"]*\.(js|css|png)/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
