import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agentReporter } from './agent-options.ts'

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
