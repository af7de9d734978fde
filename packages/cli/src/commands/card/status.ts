/** `keytether card status`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { domainDocument, domainWords } from '../../key-domains.ts'
import { pinWords } from '../../login.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { rootMeaning } from '../../trust.ts'

export function status(card: Command): void {
  const command = card
    .command('status')
    .description('What the card says of itself: identity, version, options, PINs, memory')
  outputOptions(cardOptions(command)).action(show)
}

async function show(options: CardOptions & OutputOptions): Promise<void> {
  const { deviceOptions } = await import('@keytether/card')
  await withCard(options, async device => {
    const { identity, version } = device
    const userPin = await device.pinStatus('user')
    const soPin = await device.pinStatus('so')
    const { freeMemory } = await device.deviceStatus()
    const { label, keys, keyDomains } = await device.inventory()
    const set = Object.entries(deviceOptions).filter(([, bit]) => (device.options ?? 0) & bit)
    const document = {
      path: identity.path,
      holderReference: identity.holderReference,
      root: { kind: identity.root, reference: identity.rootReference },
      version: `${version.major}.${version.minor}`,
      demonstration: version.type === 1,
      label,
      options: set.map(([name]) => name),
      userPin,
      soPin,
      freeMemory,
      keys: keys.length,
      keyDomains: await Promise.all(keyDomains.map(domainDocument)),
    }
    const domains = await Promise.all(keyDomains.map(domainWords))
    report(options, document, () =>
      fields([
        ['Device', identity.path],
        ['Root', `${identity.rootReference} (${rootMeaning[identity.root]})`],
        ['Version', document.version + (document.demonstration ? ' (demonstration)' : '')],
        ['Label', label || undefined],
        [
          'Config options',
          document.options.map(name => optionMeaning[name as keyof typeof deviceOptions]).join('\n') || 'none',
        ],
        ['User PIN', pinWords(userPin)],
        ['SO-PIN', pinWords(soPin)],
        ['Free memory', `${freeMemory} bytes`],
        ['Keys', String(keys.length)],
        ...keyDomains.map((domain, index) => [`Key domain ${domain.index}`, domains[index]] as const),
      ]),
    )
  })
}

const optionMeaning = {
  resetRetryCounter: 'User PIN reset with SO-PIN enabled',
  transportPin: 'User PIN is a transport PIN',
  sessionPinClearedOnReset: 'Session PIN ends with a reset',
  replaceAuthenticationKey: 'Replacing a key for public key authentication enabled',
  combinedAuthentication: 'User PIN and public key authentication both needed',
  resetCounterOnly: 'SO-PIN unblocks the user PIN but cannot set it',
} as const
