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
    async (wanted: string, options: CardOptions & LoginOptions & { readonly yes?: true }) => {
      await withCard(options, async (device, signal) => {
        const key = await findKey(device, wanted)
        const name = `${keyType(key)} key ${key.label} (${keyId(key)})`
        await confirm(options, `Delete ${name} for ever?`, signal)
        await login(device, options, signal)
        await device.deleteKey(key.reference)
        console.log(`deleted ${name}`)
      })
    },
  )
}
