/**
 * Puts a copy in the place of a database, and kills itself after so many files have another name.
 *
 * `killed-restore.ts URL COPY RENAMES`
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const [url = '', copy = '', renames] = process.argv.slice(2)
const { renameSync } = fs
let done = 0
fs.renameSync = (from, to) => {
  renameSync(from, to)
  if (++done === Number(renames)) process.kill(process.pid, 'SIGKILL')
}
syncBuiltinESMExports()
const { restoreDatabase } = await import('../../packages/hsm/src/store/restore.ts')
await restoreDatabase(url, copy)
