/** `keytether share`: what custodians keep, without any card. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { create } from './share/create.ts'
import { print } from './share/print.ts'
import { resplit } from './share/resplit.ts'
import { restore } from './share/restore.ts'
import { show } from './share/show.ts'

export function share(program: Command): void {
  const command = program
    .command('share')
    .description('Shares of the key (DKEK) under which keys leave a card: files of custodians, passwords, paper')
  for (const declare of [create, show, resplit, print, restore]) declare(command)
  examples(command, [
    ['keytether share create web-1.pbe', 'a new share, under the password of its custodian'],
    ['keytether share create web-1.pbe --split 2-of-3', 'the same for three custodians, two of whom can open it'],
    ['keytether share print web-1.pbe --format html --out web-1.html', 'a copy on paper'],
  ])
}
