/** `keytether card group offer`. */
import type { Command } from 'commander'
import { writeContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { type DomainOptions, domainOption } from '../../../key-domains.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'

type OfferOptions = CardOptions & LoginOptions & DomainOptions & { readonly out?: string }

export function offer(group: Command): void {
  const command = group
    .command('offer')
    .description(
      "Write this card's public exchange key, for another member of the group to accept; made if there is none",
    )
    .option('--out <file>', 'Write to a file instead of standard output')
  loginOptions(cardOptions(domainOption(command))).action(run)
}

async function run(options: OfferOptions): Promise<void> {
  const { RegistrationFile } = await import('@keytether/card')
  const { encode } = await import('@keytether/codec')
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const exchange = await device.groups.exchangeKey(options.domain)
    await writeContent(options.out, encode(RegistrationFile, exchange))
    console.error(
      `the exchange key of ${device.identity.path}: another member accepts it, and this one accepts the other's`,
    )
  })
}
