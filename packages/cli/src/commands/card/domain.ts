/** `keytether card domain`. */
import type { Command } from 'commander'
import { create } from './domain/create.ts'
import { remove } from './domain/delete.ts'
import { importShares } from './domain/import.ts'
import { list } from './domain/list.ts'

export function domain(card: Command): void {
  const command = card
    .command('domain')
    .description('Key domains: keys can be copied between cards whose domains have the same key')
  for (const declare of [list, create, importShares, remove]) declare(command)
}
