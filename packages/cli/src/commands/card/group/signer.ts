/** `keytether card group signer`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { keyDocument, keyId, keyType } from '../../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../../output.ts'

interface SignerOptions extends CardOptions, LoginOptions, OutputOptions {
  readonly label: string
}

export function signer(group: Command): void {
  const command = group
    .command('signer')
    .description(
      'Make the key that founds a group: who may use it decides which cards are members; it never leaves its card',
    )
    .requiredOption('--label <text>', 'What to call the key')
  outputOptions(loginOptions(cardOptions(command))).action(run)
}

async function run(options: SignerOptions): Promise<void> {
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const key = await device.groups.createSigner(options.label)
    report(options, await keyDocument(key, []), () => [
      `key ${key.reference}: ${keyType(key)}, ${printable(key.label)}, id ${keyId(key)}`,
      'with it, `keytether card group membership` makes cards members',
    ])
  })
}
