/**
 * Runs one of our programs on a Node that can: this one if it is recent enough, else the one that was installed beside
 * us. Plain JavaScript, since it must run on any Node.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { pinnedNode } from './pinned-node.mjs'

const wanted = 24

/**
 * @param name of the program, for errors
 * @param script relative to this file
 */
export async function launch(name, script) {
  const url = new URL(script, import.meta.url)
  if (Number.parseInt(process.versions.node, 10) >= wanted) return import(url)
  const node = pinnedNode(fileURLToPath(new URL('.', import.meta.url)))
  if (node === undefined) {
    console.error(`error: ${name} needs Node ${wanted}, this is ${process.versions.node}`)
    console.error('hint: npm install brings one, or put one into PATH')
    process.exit(1)
  }
  const child = spawn(node, [fileURLToPath(url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C reaches the whole foreground group; the child decides how to end, and this process ends with it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
