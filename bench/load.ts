/** A minute of load on a group of three tokens that take 50 ms for a signature, while its members, their agents and the service are killed. */
import { groupUnderLoad, percentile } from '@keytether/test/group-load'
import { heading, print } from './report.ts'

const clients = 16
const signMs = 50

for (const killService of [false, true]) {
  heading(`${clients} clients, three tokens of ${signMs} ms${killService ? '; the service is killed twice' : ''}`)
  const tell = (line: string) => console.log(`  ${line}`)
  const figures = await groupUnderLoad({ seconds: 60, clients, signMs, killService, tell })
  const { times, failures, wrong, keys, healedMs } = figures
  print({ name: 'failed requests', value: failures.length, unit: '', aim: 0, atMost: true })
  print({ name: 'wrong signatures', value: wrong, unit: '', aim: 0, atMost: true })
  if (killService) print({ name: 'keys made, none of them lost', value: keys, unit: '' })
  print({ name: 'signatures', value: times.length / 60, unit: '/s' })
  for (const share of [0.5, 0.99]) print({ name: `p${share * 100}`, value: percentile(times, share), unit: 'ms' })
  print({ name: 'longest', value: times.at(-1) ?? 0, unit: 'ms' })
  print({ name: 'a fresh token is healed and serves after', value: healedMs / 1000, unit: 's' })
  for (const failure of new Set(failures)) console.log(`  ${failure}`)
}
