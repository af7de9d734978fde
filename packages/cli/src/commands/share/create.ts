/** `keytether share create`. */
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { interruptible } from '../../interrupt.ts'
import { type OutputOptions, outputOptions } from '../../output.ts'
import type { Pin, PinOptions } from '../../pin.ts'
import { keepShare, type ProtectionOptions, protectionOptions } from '../../share-protection.ts'

interface CreateOptions extends ProtectionOptions, PinOptions, OutputOptions {}

const password: Pin = { name: 'password', label: 'password', form: 'password', isNew: true }

export function create(share: Command): void {
  const command = share
    .command('create')
    .description('Make a random share, and keep it in a file under a password')
    .argument('<file>', 'Where to; usually NAME.pbe')
  outputOptions(protectionOptions(command, password)).action(run)
  examples(command, [
    ['keytether share create web-1.pbe', 'asks for the password'],
    ['keytether share create web-1.pbe --split 2-of-3', 'shows each of three custodians a share of the password'],
    ['keytether share create web-1.pbe --split 3-of-5 --sheets shares', 'writes those to files instead'],
  ])
}

async function run(file: string, options: CreateOptions): Promise<void> {
  await interruptible(signal => keepShare(randomBytes(32), file, password, options, signal))
}
