/** Types, lint and format, import table, unused code: the four checks that answer fast. */
import { spawnSync } from 'node:child_process'

const checks = [
  ['tsc', ['-b']],
  ['biome', ['check', '--error-on-warnings', '.']],
  ['node', ['tools/check-imports.ts']],
  ['knip', ['--treat-config-hints-as-errors']],
]

let failed = false
for (const [command, args] of checks) {
  const started = Date.now()
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  console.log(
    `${status === 0 ? 'ok' : 'FAILED'}  ${command} ${args.join(' ')}  ${((Date.now() - started) / 1000).toFixed(1)} s`,
  )
  failed ||= status !== 0
}
process.exit(failed ? 1 : 0)
