/** `keytether card mac`. */
import type { Command } from 'commander'
import { type BytesOptions, bytesOptions, readContent, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { examples } from '../../examples.ts'
import { findAesKey } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

export function mac(card: Command): void {
  const command = card
    .command('mac')
    .description('Compute a message authentication code with an AES key on the card (AES-CMAC)')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', 'The message; default standard input')
  bytesOptions(loginOptions(cardOptions(command)), 'hex').action(run)
  examples(command, [['keytether card mac macs document.pdf', 'prints 32 hexadecimal digits']])
}

async function run(
  name: string,
  file: string | undefined,
  options: CardOptions & LoginOptions & BytesOptions,
): Promise<void> {
  const message = await readContent(file)
  await withCard(options, async (device, signal) => {
    const key = await findAesKey(device, name)
    await login(device, options, signal)
    await writeBytes(options, await device.secretKeys.cmac(key, message))
  })
}
