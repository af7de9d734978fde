/** What a card says of itself in lines: the words of `sc-hsm-tool`, and what they mean. */
import type { AuthenticationStatus, KeyDomainInfo, PinStatus } from '@keytether/driver'
import { domainWords, hex } from '../../key-domains.ts'
import { fields } from '../../output.ts'

export interface Facts {
  readonly label: string
  readonly userPin: PinStatus
  readonly soPin: PinStatus
  readonly authentication: AuthenticationStatus | undefined
  /** Bytes; cards before 2.4 do not tell. */
  readonly freeMemory: number | undefined
  readonly keys: number
  readonly keyDomains: readonly KeyDomainInfo[]
}

/** Everything from the options to the key domains. */
export async function stateLines(facts: Facts, options: readonly OptionName[] | undefined): Promise<string[]> {
  return [
    ...optionLines(options),
    ...soPinLines(facts.soPin),
    ...userPinLines(facts, options),
    ...authenticationLines(facts.authentication),
    ...(await keyDomainLines(facts)),
  ]
}

/** As wide as `sc-hsm-tool` has it. */
const column = 20

export function row(name: string, value: string): string[] {
  return fields([[name, value]], column)
}

/** The first two are those of `sc-hsm-tool`. */
const optionMeaning = {
  resetRetryCounter: 'User PIN reset with SO-PIN enabled',
  transportPin: 'Transport-PIN mode enabled',
  sessionPinClearedOnReset: 'Session PIN enabled, until a reset',
  replaceAuthenticationKey: 'Replacing keys for public key authentication enabled',
  combinedAuthentication: 'User PIN and public key authentication both needed',
  resetCounterOnly: 'SO-PIN unblocks the user PIN but cannot set it',
} as const

type OptionName = keyof typeof optionMeaning

/** Undefined: the card tells them when it is selected, and somebody else did that. */
export function optionNames(options: number | undefined, bits: Record<OptionName, number>): OptionName[] | undefined {
  if (options === undefined) return undefined
  return (Object.keys(bits) as OptionName[]).filter(name => options & bits[name])
}

function optionLines(names: readonly OptionName[] | undefined): string[] {
  if (names === undefined) return row('Config options', 'not known: the card was selected by somebody else')
  if (names.length === 0) return []
  // Two bits together mean what neither means alone.
  const outlives = names.includes('sessionPinClearedOnReset') && names.includes('replaceAuthenticationKey')
  const session = outlives ? 'Session PIN enabled, not ended by a reset' : optionMeaning.sessionPinClearedOnReset
  const lines = names.map(name => `  ${name === 'sessionPinClearedOnReset' ? session : optionMeaning[name]}`)
  return ['Config options       :', ...lines]
}

function soPinLines(soPin: PinStatus): string[] {
  switch (soPin.status) {
    case 'notInitialized':
      return [
        'SmartCard-HSM has never been initialized. Please use `keytether card initialize` to set SO-PIN and user PIN.',
      ]
    case 'blocked':
      return ['SO-PIN locked', '  for ever: the device can never be initialised again, nor its user PIN be unblocked']
    case 'notVerified':
      return [
        ...row('SO-PIN tries left', String(soPin.triesLeft)),
        ...(soPin.triesLeft === 1 ? ['  one more wrong SO-PIN, and the device can never be initialised again'] : []),
      ]
    default:
      return row('SO-PIN', soPin.status)
  }
}

function userPinLines({ userPin, soPin, authentication }: Facts, options: readonly OptionName[] | undefined): string[] {
  switch (userPin.status) {
    case 'notInitialized':
      return authentication ? ['  no user PIN: public keys alone open the device'] : []
    case 'blocked':
      return ['User PIN locked', `  ${lockedMeaning(soPin, options)}`]
    case 'transportPin':
      return [
        'Transport-PIN active. Please change to user selected PIN first.',
        '  with `keytether card pin change`; until then it opens nothing',
      ]
    case 'notAuthenticated':
      return ['Public key authentication active.']
    case 'notVerified':
      return [
        ...row('User PIN tries left', String(userPin.triesLeft)),
        ...(userPin.triesLeft === 1 ? ['  one more wrong PIN locks it; the right one gives all tries back'] : []),
      ]
    case 'verified':
      return row('User PIN', 'verified')
  }
}

function lockedMeaning(soPin: PinStatus, options: readonly OptionName[] | undefined): string {
  const unblocked = 'until `keytether card pin unblock` gives it new tries with the SO-PIN'
  if (soPin.status === 'blocked') return 'for ever, as the SO-PIN is locked, too: the keys here are lost'
  if (options === undefined) return `${unblocked}, if the device was initialised to allow that`
  return options.includes('resetRetryCounter')
    ? unblocked
    : 'for ever, as the device was initialised so: the keys here are lost, and initialising it makes it usable again'
}

function authenticationLines(status: AuthenticationStatus | undefined): string[] {
  if (status === undefined) return []
  const { total, missing, required, authenticated } = status
  return [
    ...row('Number of public keys', String(total)),
    ...row('Missing public keys', String(missing)),
    ...row('Required pubkeys for auth', String(required)),
    ...row('Authenticated public keys', `${authenticated}`),
    missing > 0
      ? `  ${missing} of ${total} still to be registered, by anyone who has the device in hand; before that nobody can open it`
      : `  ${authenticated} of ${required} authenticated in this session${authenticated < required ? '' : ': the device is open'}`,
  ]
}

async function keyDomainLines({ keyDomains, soPin }: Facts): Promise<string[]> {
  if (soPin.status === 'notInitialized') return []
  const [first, ...more] = keyDomains
  if (first === undefined) return ['  no key domain: keys never leave the device']
  if (more.length > 0 || first.uid) {
    const rows = keyDomains.map(async domain => row(`Key domain ${domain.index}`, await domainWords(domain)))
    return (await Promise.all(rows)).flat()
  }
  const { shares, outstanding, keyCheckValue } = first
  const explained = `  ${await domainWords(first)}`
  if (outstanding > 0) {
    const pending = `DKEK import pending, ${outstanding} share(s) still missing`
    return [...row('DKEK shares', String(shares)), pending, explained]
  }
  const { keyDomainState } = await import('@keytether/driver')
  if (keyDomainState(first) === 'notSetUp') return row('Key domain 0', await domainWords(first))
  return [
    ...row('DKEK shares', String(shares)),
    ...row('DKEK key check value', hex(keyCheckValue)),
    shares === 0
      ? '  made by the device itself, which alone has its key: what is exported comes back to this device only'
      : '  devices with the same key check value can be given copies of the keys here',
  ]
}
