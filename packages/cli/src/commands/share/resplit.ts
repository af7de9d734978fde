/** `keytether share resplit`: other custodians for the same share. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { interruptible } from '../../interrupt.ts'
import { type OutputOptions, outputOptions } from '../../output.ts'
import type { Pin } from '../../pin.ts'
import { readShare, type SharePasswordOptions, sharePasswordOptions } from '../../share-input.ts'
import { checkNew, keepShare, type ProtectionOptions, protectionOptions } from '../../share-protection.ts'

interface ResplitOptions extends ProtectionOptions, OutputOptions {
  readonly newPasswordFile?: string
  readonly newPasswordEnv?: string
}

const newPassword: Pin = { name: 'new-password', label: 'new password', form: 'password', isNew: true }

export function resplit(share: Command): void {
  const command = share
    .command('resplit')
    .description('Keep the same share under another password, or for other custodians; keys and cards stay as they are')
    .argument('<file>', 'The file with the share')
    .argument('<new-file>', 'Where to')
  outputOptions(protectionOptions(sharePasswordOptions(command), newPassword)).action(run)
  examples(command, [
    ['keytether share resplit web-1.pbe web-1-new.pbe', 'asks for the old and the new password'],
    ['keytether share resplit web-1.pbe web-1-new.pbe --split 2-of-3', 'from now on, two of three custodians open it'],
    [
      'keytether share resplit web-1.pbe web-1-new.pbe --password-shares alice --password-shares bob --split 3-of-5',
      'two old custodians hand over to five new ones',
    ],
  ])
}

async function run(file: string, newFile: string, options: ResplitOptions & SharePasswordOptions): Promise<void> {
  const { passwordFile, passwordEnv, passwordShares, ...protection } = options
  const old = {
    ...(passwordFile && { passwordFile }),
    ...(passwordEnv && { passwordEnv }),
    ...(passwordShares && { passwordShares }),
  }
  await interruptible(async signal => {
    await checkNew(newFile, protection)
    const share = await readShare(file, old, signal)
    await keepShare(share, newFile, newPassword, protection, signal)
  })
  console.error(`Destroy ${file} and its copies, on paper, too: who can open them still has the share.`)
}
