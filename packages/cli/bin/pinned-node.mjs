/** Where npm has put the Node that `package.json` names. Plain JavaScript, since it must run on any Node. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The program in the nearest `node_modules` from the folder upwards, or undefined. Not by its link in `.bin`: older
 * versions of npm make none of this name.
 */
export function pinnedNode(folder) {
  const node = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(node)) return node
  const above = join(folder, '..')
  return above === folder ? undefined : pinnedNode(above)
}
