/** `keytether service`: what runs, its secrets, and copies of its data. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { backup } from './service/backup.ts'
import { changeMasterKey } from './service/change-master-key.ts'
import { health } from './service/health.ts'
import { info } from './service/info.ts'
import { restore } from './service/restore.ts'
import { restoreDrill } from './service/restore-drill.ts'
import { rotateDataKey } from './service/rotate-data-key.ts'
import { unseal } from './service/unseal.ts'

export function service(program: Command): void {
  const command = program.command('service').description('A service: how it is, its secrets, and copies of its data')
  const copies = [backup, restore, restoreDrill]
  for (const declare of [info, health, unseal, changeMasterKey, rotateDataKey, ...copies]) declare(command)
  examples(command, [
    ['keytether service info', 'whether its secrets can be opened'],
    ['keytether service unseal', 'after a start without a master key'],
    ['keytether service backup keytether-backup.db', 'beside its database, while it runs'],
  ])
}
