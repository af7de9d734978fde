/** `keytether card pin`. */

import type { PinRole, SmartCardHsm } from '@keytether/driver'
import { type Command, Option } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { lastTryOption } from '../../login.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { newPin, newSoPin, type PinOptions, pinOptions, readPin, soPin, userPin } from '../../pin.ts'
import { accepted, checkTries, pinWords, spending, triesNote } from '../../presented-pin.ts'

type ChangeOptions = CardOptions & PinOptions & { readonly lastTry?: true }

export function pin(card: Command): void {
  const command = card.command('pin').description('The PIN and the SO-PIN')

  const status = command.command('status').description('How many tries are left')
  outputOptions(cardOptions(status)).action(showStatus)

  const change = command
    .command('change')
    .description('Replace a PIN by a new one')
    .addOption(new Option('--role <role>', 'Whose PIN').choices(['user', 'so']).default('user'))
  lastTryOption(pinOptions(cardOptions(change), userPin, newPin, soPin, newSoPin)).action(changePin)

  const unblock = command
    .command('unblock')
    .description('Give new tries with the SO-PIN, and set a new PIN')
    .option('--keep-pin', 'Do not set a new PIN')
  lastTryOption(pinOptions(cardOptions(unblock), soPin, newPin)).action(unblockPin)
}

async function showStatus(options: CardOptions & OutputOptions): Promise<void> {
  await withCard({ ...options, keepLogIn: true }, async device => {
    const [user, so] = [await device.pinStatus('user'), await device.pinStatus('so')]
    report(options, { user, so }, () =>
      fields([
        ['User PIN', pinWords(user)],
        ['SO-PIN', pinWords(so)],
      ]),
    )
  })
}

/** Where keys alone open the device, there is nothing to change or to unblock. */
async function checkHasPin(device: SmartCardHsm): Promise<void> {
  const { deviceOptions } = await import('@keytether/card')
  const combined = device.options === undefined || (device.options & deviceOptions.combinedAuthentication) !== 0
  if (combined || (await device.authentication.status()) === undefined) return
  throw new CliError('failed', 'this device has no user PIN: its custodians alone open it')
}

async function changePin(options: ChangeOptions & { readonly role: PinRole }): Promise<void> {
  const [current, next] = options.role === 'so' ? [soPin, newSoPin] : [userPin, newPin]
  await withCard(options, async (device, signal) => {
    if (options.role === 'user') await checkHasPin(device)
    const status = await checkTries(device, options.role, options.lastTry)
    const old = await readPin(options, current, signal, triesNote(status))
    const replacement = await readPin(options, next, signal)
    accepted(await device.changePin(options.role, old, replacement, spending(options)), options.role)
    // A remote device stays as open as it was; otherwise its agent would be asked for the PIN, and knows the old one.
    if (options.role === 'user') accepted(await device.verifyPin(replacement, { lastTry: true }), 'user')
    console.log(`the ${current.label} is changed`)
  })
}

async function unblockPin(options: ChangeOptions & { readonly keepPin?: true }): Promise<void> {
  await withCard(options, async (device, signal) => {
    await checkHasPin(device)
    const status = await checkTries(device, 'so', options.lastTry)
    const so = await readPin(options, soPin, signal, triesNote(status))
    const next = options.keepPin ? undefined : await readPin(options, newPin, signal)
    accepted(await device.resetRetryCounter(so, next, spending(options)), 'so')
    console.log(next ? 'the PIN is set, and has its tries again' : 'the PIN has its tries again')
  })
}
