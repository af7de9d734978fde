/** `keytether card status`: a card in the words of `sc-hsm-tool`, and what its state means. */
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { domainDocument } from '../../key-domains.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { rootMeaning } from '../../trust.ts'
import { type Facts, optionNames, row, stateLines } from './status-lines.ts'

export function status(card: Command): void {
  const command = card
    .command('status')
    .description('What the card says of itself: identity, version, options, PINs, key domains, memory')
  outputOptions(cardOptions(command)).action(show)
}

async function show(options: CardOptions & OutputOptions): Promise<void> {
  const { deviceOptions, enrolmentCode } = await import('@keytether/card')
  await withCard({ ...options, keepLogIn: true }, async device => {
    const facts = await read(device)
    // Options are told to who selects the application, and that would end a log-in and what custodians have begun.
    const begun = facts.userPin.status === 'verified' || facts.authentication?.authenticated
    if (device.options === undefined && !begun) await device.logout()
    const { identity, version } = device
    const names = optionNames(device.options, deviceOptions)
    const document = {
      path: identity.path,
      enrolmentCode: enrolmentCode(identity.devicePublicKey),
      holderReference: identity.holderReference,
      root: { kind: identity.root, reference: identity.rootReference },
      version: `${version.major}.${version.minor}`,
      demonstration: version.type === 1,
      label: facts.label,
      options: names,
      userPin: facts.userPin,
      soPin: facts.soPin,
      publicKeyAuthentication: facts.authentication,
      freeMemory: facts.freeMemory,
      keys: facts.keys,
      keyDomains: await Promise.all(facts.keyDomains.map(domainDocument)),
    }
    const state = await stateLines(facts, names)
    report(options, document, () => [
      ...row('Device', identity.path),
      ...row('Enrolment code', document.enrolmentCode),
      ...row('Root', `${identity.rootReference} (${rootMeaning[identity.root]})`),
      ...row('Label', facts.label && printable(facts.label)),
      ...row('Version', document.version + (document.demonstration ? ' (demonstration)' : '')),
      ...state,
      ...(facts.freeMemory === undefined ? [] : row('Free memory', `${facts.freeMemory} bytes`)),
      ...row('Keys', String(facts.keys)),
    ])
  })
}

async function read(device: SmartCardHsm): Promise<Facts> {
  const userPin = await device.pinStatus('user')
  const soPin = await device.pinStatus('so')
  const { major, minor } = device.version
  const tellsMemory = major > 2 || (major === 2 && minor >= 4)
  const freeMemory = tellsMemory ? (await device.deviceStatus()).freeMemory : undefined
  const { label, keys, keyDomains } = await device.inventory()
  const authentication = await device.authentication.status()
  return { label, userPin, soPin, authentication, freeMemory, keys: keys.length, keyDomains }
}
