/** `keytether card delete`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { confirm } from '../../confirm.ts'
import { findKey, keyId, keyType } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

export function remove(card: Command): void {
  const command = card
    .command('delete')
    .description('Delete a key for ever, with its certificate')
    .argument('<key>', 'Label, id or reference of the key')
    .option('-y, --yes', 'Do not ask')
  loginOptions(cardOptions(command)).action(
    async (name: string, options: CardOptions & LoginOptions & { readonly yes?: true }) => {
      await withCard(options, async (device, signal) => {
        const key = await findKey(device, name)
        await confirm(options, `Delete ${keyType(key)} key ${key.label} (${keyId(key)}) for ever?`, signal)
        await login(device, options, signal)
        await device.deleteKey(key.reference)
      })
    },
  )
}
