/** Custodians who are at hand: each with a token of his own, or with a key file. */
import { readFile } from 'node:fs/promises'
import type { KeyHolder, KeyInfo, SmartCardHsm } from '@keytether/driver'
import { type CardOptions, withCards } from '../card-access.ts'
import { type CardAddress, parseCardAddress } from '../card-address.ts'
import { CliError } from '../errors.ts'
import { askHidden, type PinOptions, readPin, userPin } from '../pin.ts'
import { accepted, checkTries, triesNote } from '../presented-pin.ts'
import type { CustodianOptions } from './options.ts'
import { authenticated } from './words.ts'

/** Authenticates all that the options name, one after the other; what was wrong with one leaves those before authenticated. */
export async function authenticateCustodians(
  card: SmartCardHsm,
  options: CardOptions & CustodianOptions,
  signal: AbortSignal,
): Promise<void> {
  const pinFiles = [...(options.custodianPinFile ?? [])]
  const custodians = (options.custodian ?? []).map(parseCustodian)
  const tokens = custodians.filter(({ kind }) => kind === 'token').length
  if (pinFiles.length > tokens) {
    const keyFiles = custodians.flatMap(custodian => (custodian.kind === 'file' ? [custodian.file] : []))
    throw new CliError('usage', `${pinFiles.length} PINs were given for ${tokens} tokens of custodians`, [
      ...keyFiles.map(file => `${file} is taken for a key file: a token is reader:NAME or emulator:FILE`),
    ])
  }
  for (const custodian of custodians) {
    const present = (holder: KeyHolder) => presentKey(card, holder)
    if (custodian.kind === 'file') await withKeyFile(card, custodian, signal, present)
    else await withToken(card, custodian.address, { options, pinFile: pinFiles.shift() }, present)
  }
}

async function presentKey(card: SmartCardHsm, holder: KeyHolder): Promise<void> {
  authenticated(await card.authentication.authenticateWith(holder), holder.holderReference)
}

type Custodian =
  | { readonly kind: 'token'; readonly address: CardAddress }
  | { readonly kind: 'file'; readonly name: string | undefined; readonly file: string }

function parseCustodian(text: string): Custodian {
  if (/^(reader|emulator|service)(:|$)/.test(text)) return { kind: 'token', address: parseCardAddress(text) }
  const [, name, file] = /^(?:([^=/]{1,16})=)?(.+)$/s.exec(text) ?? []
  if (file === undefined) throw new CliError('usage', '--custodian names nobody')
  return { kind: 'file', name, file }
}

async function withKeyFile(
  card: SmartCardHsm,
  { name, file }: { readonly name: string | undefined; readonly file: string },
  signal: AbortSignal,
  use: (holder: KeyHolder) => Promise<void>,
): Promise<void> {
  const sign = await keyFileSigner(file, signal)
  await use({ holderReference: name ?? (await onlyKeyLeft(card, file)), sign })
}

/** The card does not tell public keys, only names. */
async function onlyKeyLeft(card: SmartCardHsm, file: string): Promise<string> {
  const left = await keysLeft(card)
  const [only, ...more] = left
  if (only !== undefined && more.length === 0) return only
  throw new CliError('usage', `which of the registered keys is in ${file}?`, [
    ...left.map(name => `--custodian ${name}=${file}`),
  ])
}

async function keysLeft(card: SmartCardHsm): Promise<string[]> {
  const keys = await card.authentication.keys()
  return keys.filter(key => !key.authenticated).map(({ holderReference }) => holderReference)
}

/** Signs with the elliptic curve key in a file, which is asked its password if it has one. */
export async function keyFileSigner(file: string, signal: AbortSignal): Promise<KeyHolder['sign']> {
  const { readKeyFile } = await import('@keytether/custody')
  const { sign } = await import('node:crypto')
  const ask = () => askHidden(`Password of ${file}`, () => undefined, signal)
  const { keys } = await readKeyFile(await readFile(file), ask)
  const [key, ...more] = keys.map(({ privateKey }) => privateKey)
  if (more.length > 0) throw new CliError('usage', `there are ${keys.length} keys in ${file}: wanted one`)
  if (key?.asymmetricKeyType !== 'ec') throw new CliError('failed', `there is no elliptic curve key in ${file}`)
  return async message => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })
}

interface TokenAccess {
  readonly options: CardOptions
  readonly pinFile: string | undefined
}

async function withToken(
  card: SmartCardHsm,
  address: CardAddress,
  { options, pinFile }: TokenAccess,
  use: (holder: KeyHolder) => Promise<void>,
): Promise<void> {
  const names = await keysLeft(card)
  await withCards([address], options, async ([token], signal) => {
    if (token.identity.path === card.identity.path) {
      throw new CliError(
        'usage',
        `${token.identity.holderReference} is the device that is to be opened, not a custodian's`,
      )
    }
    const key = await registeredKey(token, names)
    await openToken(token, { ...(pinFile !== undefined && { pinFile }) }, signal)
    await use(await tokenHolder(token, key))
  })
}

interface NamedKey {
  readonly key: KeyInfo
  readonly holderReference: string
}

/** The one key of a custodian's token that is registered under one of the names. */
async function registeredKey(token: SmartCardHsm, names: readonly string[]): Promise<NamedKey> {
  const found = (await token.authentication.ownKeys()).filter(({ holderReference }) => names.includes(holderReference))
  const [key, ...more] = found
  if (key === undefined) {
    throw new CliError(
      'notFound',
      `${token.identity.holderReference} has no key that is registered and still to authenticate`,
      [names.length > 0 ? `to authenticate are ${names.join(', ')}` : 'all registered keys are authenticated'],
    )
  }
  if (more.length === 0) return key
  throw new CliError('usage', `${token.identity.holderReference} has several keys of the name ${key.holderReference}`, [
    '`keytether card custodian sign --key` chooses one, where the device is connected to a service',
  ])
}

/** Presents the PIN of a custodian's token. */
async function openToken(token: SmartCardHsm, options: PinOptions, signal: AbortSignal): Promise<void> {
  const pin = { ...userPin, label: `PIN of ${token.identity.holderReference}` }
  const status = await checkTries(token, 'user', undefined)
  if (options.pinFile === undefined && !process.stdin.isTTY) {
    throw new CliError('pin', `the ${pin.label} is needed, and there is no terminal to ask on`, [
      'give it with --custodian-pin-file, once for each token, in order',
    ])
  }
  const outcome = await token.verifyPin(await readPin(options, pin, signal, triesNote(status)))
  accepted(outcome, 'user', pin.label)
}

export async function tokenHolder(token: SmartCardHsm, { key, holderReference }: NamedKey): Promise<KeyHolder> {
  const { createHash } = await import('node:crypto')
  const { EcdsaSignature } = await import('@keytether/card')
  const { decode } = await import('@keytether/codec')
  const size = Math.ceil(key.bits / 8)
  const fixed = (value: bigint) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
  return {
    holderReference,
    async sign(message) {
      const hash = createHash('sha256').update(message).digest()
      const { r, s } = decode(EcdsaSignature, await token.signHash(key, 'ECDSA', hash), { lengths: 'any' })
      return Buffer.concat([fixed(r), fixed(s)])
    },
  }
}
