/** `npm run bench`: every benchmark, one after the other, each in a process of its own; or those that are named. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const all = [
  'in-process',
  'vpcd',
  'ram',
  'idle',
  'rest',
  'contract',
  'scheduler',
  'store',
  'watching',
  'load',
  'share-file',
  'audit',
  'audit-verify',
  'login',
  'client-certificate',
  'authorised',
]
const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !all.includes(name))
if (unknown.length > 0) {
  console.error(`error: no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}`)
  process.exit(2)
}

console.log(
  `Node ${process.version}, ${availableParallelism()} cores. A ratio is to what is named beside it, measured in the same run.`,
)
for (const name of wanted.length > 0 ? wanted : all) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
