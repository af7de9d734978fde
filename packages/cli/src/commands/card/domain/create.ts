/** `keytether card domain create`. */
import { type Command, InvalidArgumentError } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { examples } from '../../../examples.ts'
import { type DomainOptions, domainDocument, domainOption, domainWords } from '../../../key-domains.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'
import { type OutputOptions, outputOptions, report } from '../../../output.ts'

interface CreateOptions extends CardOptions, LoginOptions, OutputOptions, DomainOptions {
  readonly shares: number
}

export function create(domain: Command): void {
  const command = domain
    .command('create')
    .description('Set up a key domain of a card, whose key is then to be imported in shares')
    .requiredOption('--shares <count>', 'How many shares its key is made of', shareCount)
  outputOptions(loginOptions(cardOptions(domainOption(command)))).action(run)
  examples(command, [['keytether card domain create --domain 1 --shares 3', 'the second domain, of three shares']])
}

async function run(options: CreateOptions): Promise<void> {
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const created = await device.keyDomains.create(options.domain, options.shares)
    const words = await domainWords(created)
    report(options, await domainDocument(created), () => [`domain ${created.index}: ${words}`])
  })
}

function shareCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 0xff) throw new InvalidArgumentError('Wanted 1 to 255.')
  return count
}
