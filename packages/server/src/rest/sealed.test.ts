/** A service that was not given its master key: what needs a secret is refused, and the rest goes on. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exampleOf, jsonSchema, type Operation, operations } from '@keytether/api'
import { createLog } from '../log.ts'
import { startService } from '../service.ts'

const token = 'the-token-of-this-test'
const config = { host: '127.0.0.1', port: 0, tokens: [token], devices: { roots: [] } }

test('sealed, and after', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-sealed-'))
  const service = await startService({ ...config, database: `sqlite:${join(folder, 'db')}` }, createLog('silent'))
  t.after(async () => {
    await service.close()
    rmSync(folder, { recursive: true })
  })
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${service.url}/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const { code } = text === '' ? {} : (JSON.parse(text) as { code?: string })
    return { status: response.status, code, retryAfter: response.headers.get('retry-after') }
  }
  const needing = Object.values<Operation>(operations).filter(({ state }) => state === 'unsealed')
  assert.notEqual(needing.length, 0)
  const all = async () => {
    const answers = []
    for (const { method, path, body } of needing) {
      const example = body && exampleOf(jsonSchema(body, 'input'))
      answers.push(await ask(method, path.replaceAll(/\{\w+\}/g, 'nothing'), example))
    }
    return answers
  }
  for (const answer of await all()) assert.deepEqual(answer, { status: 503, code: 'SEALED', retryAfter: '1' })
  assert.equal((await ask('GET', '/me')).status, 200)
  assert.equal((await ask('POST', '/unseal', { key: '0a'.repeat(32) })).status, 204)
  for (const { code } of await all()) assert.notEqual(code, 'SEALED')
})
