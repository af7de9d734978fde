/** `keytether card backup`. */
import type { Backup } from '@keytether/custody'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { backupOf, checkFree, writeBackup } from '../../transfer/backup-file.ts'
import { backupDocument, backupLines, missing } from '../../transfer/backup-words.ts'
import { type DataPasswordOptions, dataPassword, dataPasswordOptions } from '../../transfer/data-password.ts'
import { readCard } from '../../transfer/read-card.ts'

interface BackupOptions extends CardOptions, LoginOptions, OutputOptions, DataPasswordOptions {
  readonly partial?: true
  readonly force?: true
}

export function backup(card: Command): void {
  const command = card
    .command('backup')
    .description('Write everything on the card to a file, its keys encrypted under their key domains')
    .argument('<file>', 'The file to write')
    .option('--force', 'Overwrite a file that is there')
    .option('--partial', 'That some keys cannot leave the card is no failure')
  dataPasswordOptions(command, 'Take private data along, under a password of its own')
  outputOptions(loginOptions(cardOptions(command))).action(run)
  examples(command, [
    ['keytether card backup web.backup', 'asks for the PIN'],
    ['keytether card restore web.backup --verify --share web-1.pbe', 'proves that it can be restored, without a card'],
  ])
}

async function run(file: string, options: BackupOptions): Promise<void> {
  await checkFree(file, options.force)
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const password = await dataPassword(options, signal, true)
    const inventory = await device.inventory()
    const content = await readCard(device, inventory, signal)
    const made = await backupOf(content, { device: device.identity.path, inventory, password })
    const hash = await writeBackup(file, made)
    report(options, { file, ...backupDocument(made, hash) }, () => [...backupLines(made), `${file}: SHA-256 ${hash}`])
    judge(made, options)
  })
}

function judge(made: Backup, { partial }: BackupOptions): void {
  const count = missing(made)
  if (count === 0 || partial) return
  throw new CliError('incomplete', `the backup is written, without ${count} of what is on the card`, [
    'what is not in it is said above; if that is as it should be, add --partial',
    ...(made.data.some(data => data.private && !data.sealed) ? ['--private-data takes private data along'] : []),
  ])
}
