/** `keytether card import`. */
import { readFile } from 'node:fs/promises'
import type { KeyEncryptionKey } from '@keytether/card'
import type { KeyFile } from '@keytether/custody'
import type { KeyDomainInfo } from '@keytether/driver'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { domainNumber, domainWords, hex } from '../../key-domains.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { printable } from '../../output.ts'
import { readShares, type ShareOptions, shareOptions } from '../../share-input.ts'
import { carryOut } from '../../transfer/carry-out.ts'
import {
  askKeyPassword,
  givenKeyPassword,
  type KeyPasswordOptions,
  keyPasswordOptions,
} from '../../transfer/key-file-password.ts'
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
    .argument('<file>', 'PKCS #12, PEM, PKCS #8, PKCS #1 or SEC 1')
    .option('--label <text>', 'What to call the key; default as in the file')
    .option('--domain <number>', 'The key domain that the shares must be of; default whichever they are', domainNumber)
    .option('--issuers', 'Store the certificates of issuers, too')
  shareOptions(keyPasswordOptions(loginOptions(cardOptions(transferOptions(command))))).action(run)
  examples(command, [
    ['keytether card import web.p12 --share web-1.pbe --share web-2.pbe', 'asks for all passwords'],
    ['keytether card import web.key --label web --share web-1.pbe', 'a key alone'],
  ])
}

async function run(file: string, options: ImportOptions): Promise<void> {
  const keyFile = await readKeys(file, options)
  await withCard(options, async (device, signal) => {
    // Opening shares takes their custodians: not for a card that cannot take anything in.
    const domains = await device.keyDomains.list()
    await checkComplete(domains)
    await login(device, options, signal)
    const shares = await readShares(options, signal)
    refuseTwice(shares, options.share ?? [])
    const { combineShares, keyEncryptionKey } = await import('@keytether/card')
    const { wrapKeyFile } = await import('../../transfer/wrap-key-file.ts')
    const key = combineShares(shares)
    const kek = keyEncryptionKey(key)
    try {
      checkDomain(domains, kek, options.domain)
      const content = wrapKeyFile(keyFile, kek, options.label)
      await carryOut(device, content, options, { file, to: device.identity.path }, signal)
    } finally {
      for (const secret of [key, kek.encryption, kek.authentication, ...shares]) secret.fill(0)
    }
  })
}

/** What a card can take, before one is asked for anything. */
async function readKeys(file: string, options: ImportOptions): Promise<KeyFile> {
  const { keys, issuers, secrets } = await openKeyFile(file, options)
  const refused = [
    ...keys.filter(({ obstacle }) => obstacle).map(key => `${nameOf(key)}, ${key.type}: ${key.obstacle}`),
    ...secrets.map(name => `secret key ${printable(name)}: secret keys of key files are not supported`),
  ]
  if (refused.length > 0 && !options.partial) {
    throw new CliError('incomplete', `${refused.length} of the keys in ${file} cannot be imported, and none was`, [
      ...refused,
      'to import the others, add --partial',
    ])
  }
  for (const line of refused) console.error(`not imported: ${line}`)
  const possible = keys.filter(({ obstacle }) => obstacle === undefined)
  if (possible.length === 0) throw new CliError('failed', `there is no key in ${file} that a card can have`)
  if (options.label !== undefined && possible.length > 1) {
    throw new CliError('usage', `there are ${possible.length} keys in ${file}: one --label is not for all of them`)
  }
  return { keys: possible, issuers: options.issuers ? issuers : [], secrets: [] }
}

function nameOf({ label }: KeyFile['keys'][number]): string {
  return label === undefined ? 'a key' : printable(label)
}

async function openKeyFile(file: string, options: ImportOptions): Promise<KeyFile> {
  const { CustodyError, readKeyFile } = await import('@keytether/custody')
  const content = await readFile(file)
  const given = await givenKeyPassword(options)
  try {
    // Some key files have an empty password, which nobody needs to be asked for.
    return await readKeyFile(content, async () => given ?? '').catch(error => {
      if (given !== undefined || error.code !== 'WRONG_PASSWORD') throw error
      return readKeyFile(content, askKeyPassword)
    })
  } catch (error) {
    if (!(error instanceof CustodyError)) throw error
    const code = error.code === 'WRONG_PASSWORD' ? 'pin' : 'failed'
    throw new CliError(code, `${file}: ${error.message}`, [], { cause: error })
  } finally {
    content.fill(0)
  }
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
