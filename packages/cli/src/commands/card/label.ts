/** `keytether card label`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

export function label(card: Command): void {
  const command = card
    .command('label')
    .description('Give the token another label')
    .argument('<text>', 'What to call the token')
  loginOptions(cardOptions(command)).action(async (text: string, options: CardOptions & LoginOptions) => {
    await withCard(options, async (device, signal) => {
      await login(device, options, signal)
      await device.writeLabel(text)
      console.log(`${device.identity.path} is called ${text}`)
    })
  })
}
