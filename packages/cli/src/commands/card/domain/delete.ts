/** `keytether card domain delete`. */
import type { SmartCardHsm } from '@keytether/driver'
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
      'Delete its key alone: keys in it stay, and leave the card under whatever shares are imported next, by whomever',
    )
    .option('-y, --yes', 'Do not ask')
  loginOptions(cardOptions(domainOption(command))).action(run)
  examples(command, [['keytether card domain delete --domain 1', 'asks, and wants the PIN']])
}

async function run(options: DeleteOptions): Promise<void> {
  await withCard(options, async (device, signal) => {
    const what = `${options.keyOnly ? 'the key of ' : ''}domain ${options.domain}`
    const warning = options.keyOnly ? await warningOfKeys(device, options.domain) : ''
    await confirm(options, `Delete ${what} for ever?${warning}`, signal)
    await login(device, options, signal)
    if (options.keyOnly) await device.keyDomains.deleteKey(options.domain)
    else await device.keyDomains.delete(options.domain)
    console.log(`deleted ${what}${warning && `.${warning}`}`)
  })
}

async function warningOfKeys(device: SmartCardHsm, index: number): Promise<string> {
  const { keys } = await device.inventory()
  // A key that was made without naming a domain belongs to the first.
  const { length } = keys.filter(({ keyDomain = 0 }) => keyDomain === index)
  if (length === 0) return ''
  const words = length === 1 ? '1 key in it stays, and leaves' : `${length} keys in it stay, and leave`
  return ` ${words} the card under whatever shares are imported next: who has the PIN and shares of his own can then read what may leave.`
}
