/**
 * Runs every test; before that, installs the Debian packages of the peers that the tests drive.
 *
 * `npm test -- PATTERN ...` runs the files that match instead of all.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { missingPackages } from '@keytether/test/peers'

const root = join(import.meta.dirname, '..')
const everything = ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts']

installPeers()
const patterns = process.argv.slice(2)
const files = globSync(patterns.length > 0 ? patterns : everything, {
  cwd: root,
  exclude: ['**/node_modules/**'],
}).sort()
if (files.length === 0) {
  console.error(`error: no test file matches ${patterns.join(' ')}`)
  process.exit(2)
}
// Two files at a time: most of a test's time is spent waiting for a peer, and small machines have two cores.
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=2', ...files], {
  cwd: root,
  stdio: 'inherit',
  // Tests start programs by the hundred: what one has compiled, the others need not.
  env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled') },
})
process.exit(status ?? 1)

/** As root on Debian, installs what is missing; elsewhere the tests that need it say so. */
function installPeers(): void {
  const packages = missingPackages()
  if (packages.length === 0) return
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    console.error(`Not installed: ${packages.join(', ')}. Tests that need them are skipped; install them as root.`)
    return
  }
  console.error(`Installing Debian packages: ${packages.join(' ')} ...`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [
    ['update', '-qq'],
    ['install', '-qq', '-y', '--no-install-recommends', ...packages],
  ]) {
    const { status, stdout, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (status === 0) continue
    console.error(`${stdout}${stderr}error: apt-get ${args[0]} failed`)
    process.exit(1)
  }
}
