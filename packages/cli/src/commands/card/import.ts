/** `keytether card import`. */
import type { KeyEncryptionKey } from '@keytether/card'
import type { KeyDomainInfo } from '@keytether/driver'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { domainNumber, domainWords, hex } from '../../key-domains.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { readShares, type ShareOptions, shareOptions } from '../../share-input.ts'
import { carryOut } from '../../transfer/carry-out.ts'
import { type KeyPasswordOptions, keyPasswordOptions } from '../../transfer/key-file-password.ts'
import { readKeyFiles } from '../../transfer/key-files.ts'
import { type TransferOptions, transferOptions } from '../../transfer/options.ts'
import { refuseTwice } from './domain/import.ts'

type ImportOptions = CardOptions &
  LoginOptions &
  ShareOptions &
  TransferOptions &
  KeyPasswordOptions & {
    readonly label?: string
    readonly domain?: number
    readonly issuers?: true
  }

export function importKeys(card: Command): void {
  const command = card
    .command('import')
    .description('Take in keys that were made elsewhere, with the shares of a key domain; they are never on disk')
    .argument('<file...>', 'PKCS #12, PEM, PKCS #8, PKCS #1 or SEC 1')
    .option('--label <text>', 'What to call the key; default as in the file, or as the file')
    .option('--domain <number>', 'The key domain that the shares must be of; default whichever they are', domainNumber)
    .option('--issuers', 'Store the certificates of issuers, too')
  shareOptions(keyPasswordOptions(loginOptions(cardOptions(transferOptions(command))))).action(run)
  examples(command, [
    ['keytether card import web.p12 --share web-1.pbe --share web-2.pbe', 'asks for all passwords'],
    ['keytether card import web.key --label web --share web-1.pbe', 'a key alone'],
    ['keytether card import a.p12 b.p12 c.pem --share web-1.pbe', 'several files, for which shares are opened once'],
  ])
}

async function run(files: readonly string[], options: ImportOptions): Promise<void> {
  const { keys, issuers } = await readKeyFiles(files, options)
  if (options.label !== undefined && keys.length > 1) {
    throw new CliError('usage', `there are ${keys.length} keys: one --label is not for all of them`)
  }
  await withCard(options, async (device, signal) => {
    // Opening shares takes their custodians: not for a card that cannot take anything in.
    const domains = await device.keyDomains.list()
    await checkComplete(domains)
    await login(device, options, signal)
    const shares = await readShares(options, signal)
    refuseTwice(shares, options.share ?? [])
    const { combineShares, keyEncryptionKey } = await import('@keytether/card')
    const { wrapKeys } = await import('../../transfer/wrap-keys.ts')
    const key = combineShares(shares)
    const kek = keyEncryptionKey(key)
    try {
      checkDomain(domains, kek, options.domain)
      const content = wrapKeys(keys, options.issuers ? issuers : [], kek, options.label)
      await carryOut(device, content, options, { files, to: device.identity.path }, signal)
    } finally {
      for (const secret of [key, kek.encryption, kek.authentication, ...shares]) secret.fill(0)
    }
  })
}

async function checkComplete(domains: readonly KeyDomainInfo[]): Promise<void> {
  const { keyDomainState } = await import('@keytether/driver')
  if (domains.some(domain => keyDomainState(domain) === 'complete')) return
  const hints = []
  for (const domain of domains) hints.push(`key domain ${domain.index}: ${await domainWords(domain)}`)
  throw new CliError('failed', 'a key enters a card under a key domain, and none of this card has its key', hints)
}

function checkDomain(domains: readonly KeyDomainInfo[], kek: KeyEncryptionKey, wanted: number | undefined): void {
  const value = hex(kek.keyCheckValue)
  const considered = wanted === undefined ? domains : domains.filter(({ index }) => index === wanted)
  if (considered.some(domain => hex(domain.keyCheckValue) === value)) return
  const words = considered.map(
    domain => `this card's key domain ${domain.index} has key check value ${hex(domain.keyCheckValue)}`,
  )
  const there = words.length > 0 ? words : [`this card has no key domain ${wanted}`]
  throw new CliError('failed', `${there.join(', ')}; the shares make ${value}`, [
    'a share is missing, or one of another key domain is among them',
  ])
}
