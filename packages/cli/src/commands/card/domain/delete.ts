/** `keytether card domain delete`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { confirm } from '../../../confirm.ts'
import { examples } from '../../../examples.ts'
import { type DomainOptions, domainOption } from '../../../key-domains.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'

interface DeleteOptions extends CardOptions, LoginOptions, DomainOptions {
  readonly keyOnly?: true
  readonly yes?: true
}

export function remove(domain: Command): void {
  const command = domain
    .command('delete')
    .description('Delete a key domain that holds no keys')
    .option(
      '--key-only',
      'Delete its key alone: keys in it stay, but leave the card only when all shares are imported again',
    )
    .option('-y, --yes', 'Do not ask')
  loginOptions(cardOptions(domainOption(command))).action(run)
  examples(command, [['keytether card domain delete --domain 1', 'asks, and wants the PIN']])
}

async function run(options: DeleteOptions): Promise<void> {
  await withCard(options, async (device, signal) => {
    const what = `${options.keyOnly ? 'the key of ' : ''}domain ${options.domain}`
    await confirm(options, `Delete ${what} for ever?`, signal)
    await login(device, options, signal)
    if (options.keyOnly) await device.keyDomains.deleteKey(options.domain)
    else await device.keyDomains.delete(options.domain)
    console.log(`deleted ${what}`)
  })
}
