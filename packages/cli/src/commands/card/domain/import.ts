/** `keytether card domain import`. */
import type { KeyDomainInfo, SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { CliError } from '../../../errors.ts'
import { examples } from '../../../examples.ts'
import { type DomainOptions, domainDocument, domainOption, domainWords, sharesOf } from '../../../key-domains.ts'
import { type OutputOptions, outputOptions, report } from '../../../output.ts'
import { readShares, type ShareOptions, shareOptions } from '../../../share-input.ts'

type ImportOptions = CardOptions & OutputOptions & DomainOptions & ShareOptions

export function importShares(domain: Command): void {
  const command = domain
    .command('import')
    .description('Import shares of a key domain, in any order and with any time in between; needs no PIN')
  outputOptions(shareOptions(cardOptions(domainOption(command)))).action(run)
  examples(command, [
    ['keytether card domain import --share web-1.pbe', 'asks for the password, or for the shares of custodians'],
    ['keytether card domain import --share web-1.pbe --share web-2.pbe', 'two shares, one after the other'],
  ])
}

async function run(options: ImportOptions): Promise<void> {
  await withCard(options, async (device, signal) => {
    // Opening a share takes its custodian, and time: not for a card that wants none.
    checkWanted(await domainOf(device, options.domain), options.share?.length ?? 0)
    const shares = await readShares(options, signal)
    try {
      refuseTwice(shares, options.share ?? [])
      let after: KeyDomainInfo | undefined
      for (const share of shares) after = await device.keyDomains.importShare(options.domain, share)
      const words = await domainWords(after!)
      const { keyDomainState } = await import('@keytether/driver')
      report(options, await domainDocument(after!), () => [
        `domain ${options.domain}: ${words}`,
        ...(keyDomainState(after!) === 'complete'
          ? ['compare it with that of the other cards: it must be the same']
          : []),
      ])
    } finally {
      for (const share of shares) share.fill(0)
    }
  })
}

async function domainOf(device: SmartCardHsm, index: number): Promise<KeyDomainInfo> {
  const domains = await device.keyDomains.list()
  const domain = domains[index]
  if (domain) return domain
  if (domains.length === 0) {
    throw new CliError('failed', 'this card was initialised without key domains', [
      'only initialising gives it some, and erases all keys on it',
    ])
  }
  throw new CliError('notFound', `there is no key domain ${index}`, ['`keytether card domain list` shows them'])
}

function checkWanted(domain: KeyDomainInfo, given: number): void {
  const { index, shares, outstanding } = domain
  if (outstanding === 0) {
    throw new CliError(
      'failed',
      shares > 0 ? `domain ${index} has all of its ${sharesOf(shares)} already` : `domain ${index} takes no shares`,
      shares > 0 ? [] : ['`keytether card domain list` shows the domains, `keytether card domain create` sets one up'],
    )
  }
  if (given > outstanding) {
    throw new CliError('usage', `${given} shares were given, and domain ${index} misses ${outstanding} of ${shares}`)
  }
}

/** Two equal shares cancel each other out, and the card would not notice. */
export function refuseTwice(shares: readonly Uint8Array[], files: readonly string[]): void {
  for (const [index, share] of shares.entries()) {
    const other = shares.findIndex(each => Buffer.compare(each, share) === 0)
    if (other < index) throw new CliError('usage', `${files[other]} and ${files[index]} hold the same share`)
  }
}
