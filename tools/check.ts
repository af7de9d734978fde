/** Types, lint and format, import table, unused code: the checks that answer fast. */
import { spawnSync } from 'node:child_process'

const checks = [
  ['tsc', '-b'],
  ['biome', 'check', '--error-on-warnings', '.'],
  ['node', 'tools/check-imports.ts'],
  ['knip'],
]

let failed = false
for (const [command = '', ...args] of checks) {
  const started = performance.now()
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok' : 'FAILED'}  ${[command, ...args].join(' ')}  ${seconds} s`)
  failed ||= status !== 0
}
process.exit(failed ? 1 : 0)
