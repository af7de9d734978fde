/** Every operation of the contract, asked with names, cursors and headers that nobody honest sends: refused, and never a defect. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Operation, operations } from '@keytether/api'
import { createLog, startService } from '@keytether/server'
import { eachDatabase } from '@keytether/test/databases'

const [token, rootToken] = ['the-token-of-this-test', 'the-root-token-of-this-test']

const names = [
  ...['%00', 'a%00b', '%ff', '%C0%AF', '..%2f..%2fetc', '%2e%2e', '%252e', '%0d%0aX-Injected:%20yes', '%F0%9F%94%91'],
  ...["'%20or%20'1'='1", '%25', '_', '__proto__', 'constructor', '9'.repeat(30), '-1', '1e309', 'x'.repeat(250)],
]
const cursors = ['', '\0', 'a\0b', '9'.repeat(30), '-1', '1e309', '%', "' or 1=1 --", '\u{1F511}', 'x'.repeat(150)]

eachDatabase((_, open) => {
  test('hostile names, cursors and headers', async () => {
    const lines: string[] = []
    const service = await startService(
      {
        ...{ host: '127.0.0.1', port: 0, tokens: [token], rootTokens: [rootToken], database: await open() },
        masterKey: { key: new Uint8Array(32) },
        devices: { roots: [] },
      },
      createLog('silent'),
    )
    try {
      const ask = async (operation: Operation, path: string, headers: Record<string, string> = {}) => {
        const as = operation.roles.length === 1 && operation.roles[0] === 'root' ? rootToken : token
        const response = await fetch(`${service.url}/v1${path}`, {
          method: operation.method,
          headers: { Authorization: `Bearer ${as}`, ...headers },
        })
        const text = await response.text()
        assert.equal(response.headers.get('x-injected'), null)
        if (response.status >= 500 && response.status !== 503) lines.push(`${operation.method} ${path}: ${text}`)
      }
      for (const operation of Object.values<Operation>(operations)) {
        const { path, paged } = operation
        if (path.includes('{')) for (const name of names) await ask(operation, path.replaceAll(/\{\w+\}/g, name))
        const some = path.replaceAll(/\{\w+\}/g, '1')
        if (paged) {
          for (const cursor of cursors) {
            await ask(operation, `${some}?cursor=${Buffer.from(cursor).toString('base64url')}`)
            await ask(operation, `${some}?cursor=${encodeURIComponent(cursor)}`)
          }
        }
        for (const match of ['""', '*', 'W/"1"', `"${'9'.repeat(15)}"`, '"1", "2"', '"-1"']) {
          await ask(operation, some, { 'If-Match': match, 'Idempotency-Key': match })
        }
      }
      for (const query of [
        'subject=%00',
        'actor=a%00b',
        'type=a%00',
        'since=x',
        'type=_',
        `type=${'a.'.repeat(2_000)}`,
      ]) {
        await ask(operations.listEvents, `/events?${query}`)
      }
      for (const query of ['prefix=%00', 'tag=%00', 'group=%00']) await ask(operations.listKeys, `/keys?${query}`)
      assert.deepEqual(lines, [])
    } finally {
      await service.close()
    }
  })
})
