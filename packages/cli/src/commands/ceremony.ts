/** `keytether ceremony`: key shares from several custodians, maybe weeks apart. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { cancel, list, show } from './ceremony/look.ts'
import { open } from './ceremony/open.ts'
import { share } from './ceremony/share.ts'

export function ceremony(program: Command): void {
  const command = program
    .command('ceremony')
    .description('Key shares that come from several custodians into tokens of a service, maybe weeks apart')
  for (const declare of [open, list, show, share, cancel]) declare(command)
  examples(command, [
    ['keytether ceremony open office spare --shares 2', 'the same two shares into both tokens'],
    ['keytether ceremony share crm_5fJ0kq3vQ2r8sT1uVwXy --share ann.pbe', 'one custodian brings hers'],
    ['keytether ceremony show crm_5fJ0kq3vQ2r8sT1uVwXy --wait', 'until the last one has'],
  ])
}
