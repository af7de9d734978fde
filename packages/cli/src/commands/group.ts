/** `keytether group`: devices of a service that have the same keys. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { check } from './group/check.ts'
import { create } from './group/create.ts'
import { remove } from './group/delete.ts'
import { heal } from './group/heal.ts'
import { list } from './group/list.ts'
import { move } from './group/move.ts'
import { rename } from './group/rename.ts'
import { show } from './group/show.ts'
import { unmanaged } from './group/unmanaged.ts'

export function group(program: Command): void {
  const command = program
    .command('group')
    .description('Groups of tokens of a service that hold the same keys, so that any of them can be lost')
  for (const declare of [list, show, create, move, check, heal, unmanaged, rename, remove]) declare(command)
  examples(command, [
    ['keytether group create web', 'its key domain is that of the first token that joins'],
    ['keytether group move DENK0105702 web', 'a token joins, and gets the keys of the group'],
    ['keytether group check web', 'every key on every token: compared, and used once'],
  ])
}
