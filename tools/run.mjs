/**
 * Runs a script of the repository with the repository's own Node, after installing what `package-lock.json` names.
 *
 * It is the way in for `npm start` and `npm test` on a machine where nothing is installed yet, so it is plain JavaScript,
 * imports nothing from the registry, and runs on any recent Node.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pinnedNode } from '../packages/cli/bin/pinned-node.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

install()
run(process.argv.slice(2))

/**
 * What the lock file names, unless the last time was for the same one. Not `npm ci`: it refuses a lock file that was made
 * where a registry lacks the optional packages of other platforms.
 */
function install() {
  const stamp = join(root, 'node_modules', '.keytether-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('Installing the packages of package-lock.json ...')
  const { status } = spawnSync(
    'npm',
    ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  )
  if (status !== 0) {
    console.error('error: npm could not install the packages')
    console.error('hint: the lines above say why; a registry must be in reach')
    process.exit(1)
  }
  writeFileSync(stamp, lock)
}

function run([script, ...args]) {
  const node = pinnedNode(root) ?? process.execPath
  // Whatever the script starts by the name of node is this one, too.
  const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  const child = spawn(node, [join(root, script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  // Ctrl-C reaches the whole foreground group; the child decides how to end, and this process ends with it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
