/** What each setting of an initialisation means. */
import { type Settings, usualTries } from './initialization.ts'

type Meaning = readonly [setting: string, meaning: string]

/** What each setting means, and what it will never allow again. */
export function meaningOf(settings: Settings): Meaning[] {
  const { label } = settings
  return [
    ...(label === undefined ? [] : [['Label', label] as const]),
    ['Opened by', openedBy(settings)],
    ...(settings.pin ? [['PIN reset', resetMeaning(settings)] as const] : []),
    ...custodianMeaning(settings),
    ...(settings.sessionPin ? [['Session PIN', sessionMeaning[settings.sessionPin]] as const] : []),
    ['Keys', exportMeaning(settings)],
  ]
}

function openedBy({ pin, tries = usualTries, transportPin, custodians, required }: Settings): string {
  const keys = `${required} of ${custodians} custodians`
  if (!pin) return `${keys}, without a PIN: where fewer than ${required} of their keys are left, all keys here are lost`
  const blocks = `${tries === 1 ? 'one wrong one blocks' : `${tries} wrong ones in a row block`} it`
  const what = transportPin
    ? `a transport PIN, which opens nothing until its user has changed it; ${blocks}`
    : `the PIN; ${blocks}`
  return custodians === undefined ? what : `${what}\nand ${keys} as well: neither does without the other`
}

function resetMeaning({ pinReset, resetCounterOnly }: Settings): string {
  if (!pinReset) return 'never: a PIN that is blocked or forgotten is so for ever, and all keys here are lost with it'
  if (resetCounterOnly) {
    return 'the SO-PIN gives new tries and can never set a PIN: one that is forgotten is so for ever, and all keys with it'
  }
  return 'the SO-PIN gives new tries and sets a new PIN: who has it can use the keys'
}

function custodianMeaning({ custodians, replaceCustodians }: Settings): Meaning[] {
  if (custodians === undefined) return []
  const replace = replaceCustodians
    ? 'registered keys can be replaced after log-in'
    : 'a registered key stays for ever: one that is lost is lost'
  return [
    [
      'Custodians',
      `${custodians} keys to be registered, which needs no log-in: do it before the device leaves your hands. It opens only when all are\n${replace}`,
    ],
  ]
}

const sessionMeaning = {
  reset: 'the card can make a PIN for one session; it ends when the card is reset',
  explicit: 'the card can make a PIN for one session; it outlives a reset and ends with the power, or with a new PIN',
} as const

function exportMeaning({ dkekShares: shares, keyDomains: domains }: Settings): string {
  if (domains !== undefined) {
    const rooms = domains === 1 ? '1 key domain' : `${domains} key domains`
    return `${rooms}, to be set up later: a key leaves the device only under the domain that it is made in\n${stays}`
  }
  if (shares === undefined) return 'never leave this device: no backup, no second device with the same keys'
  if (shares === 0) {
    return (
      'leave this device only encrypted under a key that it makes now and that nobody else has:\n' +
      `what was exported comes back to no other device, and not to this one once it is initialised again\n${stays}`
    )
  }
  const [them, are, one] = shares === 1 ? ['it', 'it is', 'it'] : ['all', 'all are', 'one']
  return (
    `leave this device encrypted, to any device with the same ${shares === 1 ? 'share' : `${shares} shares`}: ` +
    `who has ${them} and the PIN can copy them.\n` +
    `Until ${are} imported, none leaves; without ${one}, a backup is worth nothing\n${stays}`
  )
}

/** The key of a domain can be deleted by who is logged in, and other shares imported by anybody. */
const stays =
  'Who has the PIN can give a domain other shares: make what must never leave with `card generate --not-exportable`'

/** What is left to be done. */
export function nextSteps({ transportPin, custodians, dkekShares, keyDomains }: Settings): string[] {
  return [
    ...(custodians === undefined
      ? []
      : [`register the keys of ${custodians} custodians: \`keytether card custodian register\``]),
    ...(dkekShares
      ? [`import ${dkekShares === 1 ? 'the share' : `${dkekShares} shares`}: \`keytether card domain import\``]
      : []),
    ...(keyDomains === undefined ? [] : ['set up key domains: `keytether card domain create`']),
    ...(transportPin ? ['the user changes the PIN: `keytether card pin change`'] : []),
  ]
}
