/** `keytether card domain list`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { domainDocument, domainWords } from '../../../key-domains.ts'
import { type OutputOptions, outputOptions, report, table } from '../../../output.ts'

export function list(domain: Command): void {
  const command = domain.command('list').description('The key domains of a card, and what they are missing')
  outputOptions(cardOptions(command)).action(show)
}

async function show(options: CardOptions & OutputOptions): Promise<void> {
  await withCard(options, async device => {
    const domains = await device.keyDomains.list()
    const rows = await Promise.all(domains.map(async each => [String(each.index), await domainWords(each)]))
    report(options, await Promise.all(domains.map(domainDocument)), () =>
      rows.length > 0 ? table(['DOMAIN', 'STATE'], rows) : ['no key domains: a card gets them when it is initialised'],
    )
  })
}
