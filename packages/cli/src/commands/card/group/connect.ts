/** `keytether card group connect`. */
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { type AccessOptions, accessOptions, withCards } from '../../../card-access.ts'
import { cardAddressText, parseCardAddress } from '../../../card-address.ts'
import { CliError } from '../../../errors.ts'
import { type DomainOptions, domainDocument, domainNumber, domainOption, hex } from '../../../key-domains.ts'
import { type LoginOptions, lastTryOption, login } from '../../../login.ts'
import { ofCard } from '../../../of-card.ts'
import { type OutputOptions, outputOptions, report } from '../../../output.ts'
import { type Pin, pinOptions, userPin } from '../../../pin.ts'

type ConnectOptions = AccessOptions & LoginOptions & OutputOptions & DomainOptions & { readonly toDomain?: number }

const firstPin: Pin = { ...userPin, label: 'PIN of the first card' }
const secondPin: Pin = { name: 'to-pin', label: 'PIN of the second card', form: 'user' }

export function connect(group: Command): void {
  const command = group
    .command('connect')
    .description(
      'Have two members of a group agree on the key of their domain, so that keys can go from one to the other',
    )
    .argument('<first>', 'reader:NAME, emulator:FILE or service:DEVICE')
    .argument('<second>', 'The same for the other card')
    .option('--to-domain <number>', 'Which key domain of the second card; default as of the first', domainNumber)
  outputOptions(lastTryOption(pinOptions(accessOptions(domainOption(command)), firstPin, secondPin))).action(run)
}

async function run(first: string, second: string, options: ConnectOptions): Promise<void> {
  const addresses = [parseCardAddress(first), parseCardAddress(second)] as const
  if (cardAddressText(addresses[0]) === cardAddressText(addresses[1])) {
    throw new CliError('usage', `${first} is one card: which is the other one?`)
  }
  await withCards(addresses, options, async ([one, other], signal) => {
    if (one.identity.path === other.identity.path) {
      throw new CliError('usage', `both are the same device, ${one.identity.path}`)
    }
    await login(one, options, signal, firstPin).catch(ofCard(first))
    await login(other, options, signal, secondPin).catch(ofCard(second))
    const { domain, toDomain = domain } = options
    const [offers, answers] = [await exchangeKey(one, domain), await exchangeKey(other, toDomain)]
    const agreed = await one.groups.agree(domain, answers)
    const theirs = await other.groups.agree(toDomain, offers)
    const value = hex(agreed.keyCheckValue)
    if (hex(theirs.keyCheckValue) !== value) {
      throw new CliError('failed', `the two came to different keys: ${value} and ${hex(theirs.keyCheckValue)}`)
    }
    report(options, [await domainDocument(agreed), await domainDocument(theirs)], () => [
      `${one.identity.path} and ${other.identity.path} have the same key now: key check value ${value}`,
      'keys of this domain can go from one to the other: `keytether card clone`, or `wrap` and `unwrap`',
    ])
  })
}

/** Of two cards, whose domain it is has to be said. */
async function exchangeKey(card: SmartCardHsm, domain: number) {
  try {
    return await card.groups.exchangeKey(domain)
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'NO_KEY_DOMAIN') throw cause
    const message = `domain ${domain} of ${card.identity.path} is not that of a group`
    throw new CliError('failed', message, ['`keytether card group join` makes it that'], { cause })
  }
}
