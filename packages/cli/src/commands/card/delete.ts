/** `keytether card delete`. */
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { confirm } from '../../confirm.ts'
import { findKey, keyId, keyType, leftReferences } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { printable } from '../../output.ts'

export function remove(card: Command): void {
  const command = card
    .command('delete')
    .description('Delete a key for ever, with its certificate')
    .argument('<key>', 'Label, id or reference of the key')
    .option('-y, --yes', 'Do not ask')
  loginOptions(cardOptions(command)).action(
    async (wanted: string, options: CardOptions & LoginOptions & { readonly yes?: true }) => {
      await withCard(options, async (device, signal) => {
        const { reference, name } = await find(device, wanted)
        await confirm(options, `Delete ${name} for ever?`, signal)
        await login(device, options, signal)
        await device.deleteKey(reference)
        console.log(`deleted ${name}`)
      })
    },
  )
}

async function find(device: SmartCardHsm, wanted: string): Promise<{ reference: number; name: string }> {
  const left = (await leftReferences(device)).find(each => String(each) === wanted)
  if (left !== undefined) return { reference: left, name: `what is left under reference ${left}` }
  const key = await findKey(device, wanted)
  return { reference: key.reference, name: `${keyType(key)} key ${printable(key.label)} (${keyId(key)})` }
}
