/** `keytether card restore`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { interruptible } from '../../interrupt.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { report } from '../../output.ts'
import { readShares, type ShareOptions, shareOptions } from '../../share-input.ts'
import { contentOf, readBackup } from '../../transfer/backup-file.ts'
import { backupDocument, backupLines } from '../../transfer/backup-words.ts'
import { carryOut } from '../../transfer/carry-out.ts'
import { type DataPasswordOptions, dataPassword, dataPasswordOptions } from '../../transfer/data-password.ts'
import { withDrillCard } from '../../transfer/drill.ts'
import { type TransferOptions, transferOptions } from '../../transfer/options.ts'

type RestoreOptions = CardOptions &
  LoginOptions &
  ShareOptions &
  TransferOptions &
  DataPasswordOptions & {
    readonly list?: true
    readonly verify?: true
  }

export function restore(card: Command): void {
  const command = card
    .command('restore')
    .description('Put on a card what is in a backup, and prove each key; the card must have the same key domain')
    .argument('<file>', 'A file of `card backup`')
    .option('--list', 'Say what is in the backup; wants no card')
    .option('--verify', 'A drill: restore it to a card that exists in memory alone, with shares of the custodians')
  dataPasswordOptions(command, 'Restore private data, too, whose password is asked for')
  shareOptions(loginOptions(cardOptions(transferOptions(command)))).action(run)
  examples(command, [
    ['keytether card restore web.backup --list', 'what is in it'],
    ['keytether card restore web.backup --verify --share web-1.pbe', 'whether it can be restored, without a card'],
    ['keytether card restore web.backup --dry-run', 'what would be restored to the card in the only reader'],
    ['keytether card restore web.backup', 'restores it; again, if that was interrupted'],
  ])
}

async function run(file: string, options: RestoreOptions): Promise<void> {
  if (options.share && !options.verify) throw new CliError('usage', '--share is for --verify: a card has its shares')
  const { backup, hash } = await readBackup(file)
  if (options.list) {
    report(options, { file, ...backupDocument(backup, hash) }, () => [...backupLines(backup), `SHA-256 ${hash}`])
    return
  }
  const about = { backup: { file, sha256: hash, device: backup.device, created: backup.created } }
  if (options.verify) {
    await interruptible(async signal => {
      const content = await contentOf(backup, await dataPassword(options, signal))
      const shares = await readShares(options, signal)
      await withDrillCard(shares, backup, card => carryOut(card, content, options, { ...about, drill: true }, signal))
    })
    return
  }
  await withCard(options, async (device, signal) => {
    const password = await dataPassword(options, signal)
    await login(device, options, signal)
    await carryOut(device, await contentOf(backup, password), options, { ...about, to: device.identity.path }, signal)
  })
}
