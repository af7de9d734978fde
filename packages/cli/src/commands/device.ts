/** `keytether device`: the tokens of a service, from quarantine to retirement. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { change } from './device/change.ts'
import { claim } from './device/claim.ts'
import { history } from './device/history.ts'
import { initialize } from './device/initialize.ts'
import { label } from './device/label.ts'
import { list } from './device/list.ts'
import { pin } from './device/pin.ts'
import { quarantine } from './device/quarantine.ts'
import { refresh } from './device/refresh.ts'
import { release } from './device/release.ts'
import { record, retire } from './device/retire.ts'
import { show } from './device/show.ts'
import { trace } from './device/trace.ts'

export function device(program: Command): void {
  const command = program
    .command('device')
    .description('The tokens of a service: whose they are, how they are, and what becomes of them')
  for (const declare of [list, show, history, refresh, trace, quarantine, claim, change, release]) declare(command)
  for (const declare of [pin, initialize, label, retire, record]) declare(command)
  examples(command, [
    ['keytether device list', 'every token, its state, and why it is so'],
    ['keytether device claim DENK0105702 --code 5F0A-93C1-77D2-E408', 'out of quarantine'],
    ['keytether device pin give DENK0105702 --pin-file pin', 'present it, and keep it sealed'],
  ])
}
