/** How a device is, in lines. */
import type { Device } from '@keytether/api'
import { fields, printable } from '../../output.ts'

function stateWords({ state, reason }: Device): string {
  return reason === undefined ? state : `${state}: ${printable(reason)}`
}

export function deviceLines(device: Device): string[] {
  const { facts, warnings } = device
  return [
    ...fields([
      ['Device', `${printable(device.name)}, ${printable(device.path)}`],
      ['Id', device.id],
      ['State', stateWords(device)],
      ['To do', device.advice && printable(device.advice)],
      ['Group', device.group],
      ['Place', `priority ${device.priority}${device.standby ? ', standby' : ''}`],
      ['PIN', pinWords[device.pin]],
      ['Work', device.load === 0 ? 'none' : `${device.load} operations run or wait`],
      ['Connected', connectionWords(device)],
      ['Last seen', device.lastSeen],
      ...(facts ? factRows(facts) : []),
    ]),
    ...warnings.map(warning => `! ${printable(warning)}`),
  ]
}

const pinWords = {
  none: 'not kept here',
  kept: 'kept here, sealed',
  refused: 'kept here, and refused by the device: it is not presented again',
} as const

function connectionWords({ connectedSince, from, transport }: Device): string | undefined {
  if (connectedSince === undefined) return undefined
  return [`since ${connectedSince}`, from && `from ${printable(from)}`, transport && `over ${printable(transport)}`]
    .filter(Boolean)
    .join(', ')
}

function factRows(facts: NonNullable<Device['facts']>): (readonly [string, string | undefined])[] {
  const { freeMemory, keys, keyDomains } = facts
  return [
    ['Label', facts.label && printable(facts.label)],
    ['Firmware', facts.version],
    ['Free memory', freeMemory === undefined ? undefined : `${freeMemory} bytes`],
    ['User PIN', pinState(facts.userPin)],
    ['SO-PIN', pinState(facts.soPin)],
    ['Key domains', keyDomains.map(domainWords).join('\n') || 'none'],
    [
      'Keys',
      keys
        .map(({ reference, label, kind, bits, usesLeft }) => {
          const uses = usesLeft === undefined ? '' : `, ${usesLeft} uses left`
          return `${reference}, ${printable(label)} (${kind} ${bits})${uses}`
        })
        .join('\n') || 'none',
    ],
    ['Enrolment code', facts.code],
    ['Asked', facts.at],
  ]
}

function pinState({ status, triesLeft }: NonNullable<Device['facts']>['userPin']): string {
  return [pinStates[status], triesLeft === undefined ? undefined : `${triesLeft} tries left`].filter(Boolean).join(', ')
}

const pinStates = {
  verified: 'verified',
  notVerified: undefined,
  blocked: 'blocked',
  transportPin: 'still the transport PIN',
  notInitialized: 'not set',
  notAuthenticated: 'waits for custodians',
} as const

function domainWords(domain: NonNullable<Device['facts']>['keyDomains'][number]): string {
  const { index, shares, outstanding, keyCheckValue } = domain
  if (outstanding > 0) return `${index}: misses ${outstanding} of ${shares} shares`
  return `${index}: ${keyCheckValue === undefined ? 'not set up' : `key check value ${keyCheckValue}`}`
}
