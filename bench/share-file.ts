/** The derivation for DKEK share files: thirty million hashes, one after the other, in a thread of its own. */
import { hash } from 'node:crypto'
import { createShareFile } from '@keytether/custody'
import { heading, print, rate } from './report.ts'

const rounds = 3 * 10_000_000

heading('DKEK share file')
let digest = new Uint8Array(16)
const node = await rate(() => {
  digest = new Uint8Array(hash('md5', digest, 'buffer'))
}, 1)
const started = performance.now()
await createShareFile(new Uint8Array(32), new Uint8Array(16))
const seconds = (performance.now() - started) / 1000
print({
  name: 'rounds of MD5',
  value: rounds / seconds,
  unit: '/s',
  beside: { name: 'md5 of Node', value: node },
  aim: 3e6,
})
print({ name: 'to open or to make a file', value: seconds, unit: 's', aim: 10, atMost: true })
