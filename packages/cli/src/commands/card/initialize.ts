/** `keytether card initialize`. */
import type { PinStatus } from '@keytether/driver'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { confirm } from '../../confirm.ts'
import { examples } from '../../examples.ts'
import { lastTryOption } from '../../login.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { type Pin, type PinOptions, pinOptions, readPin, soPin, userPin } from '../../pin.ts'
import { accepted, checkTries, pinWords, spending, triesNote } from '../../presented-pin.ts'
import { type Erased, erased, erasedLines } from './erased.ts'
import { checkSettings, initializationOf, type Settings } from './initialization.ts'
import { meaningOf, nextSteps } from './initialization-words.ts'

interface InitializeOptions extends CardOptions, PinOptions, OutputOptions, Settings {
  readonly dryRun?: true
  readonly lastTry?: true
  readonly yes?: true
}

const firstPin: Pin = { ...userPin, label: 'new PIN', isNew: true }

export function initialize(card: Command): void {
  const command = card
    .command('initialize')
    .description('Erase all keys and files for ever, and set who may open the device and what may leave it')
    .option('--dry-run', 'Say what would be erased and what each option means, and change nothing')
    .option('--label <text>', 'What to call the token')
    .option('--tries <count>', 'Wrong PINs in a row before the PIN is blocked, 1 to 10; default 3', whole(1, 10))
    .option('--transport-pin', 'The PIN opens nothing until its user has changed it')
    .option('--no-pin-reset', 'Do not let the SO-PIN unblock the PIN')
    .option('--reset-counter-only', 'Let the SO-PIN unblock the PIN, but not set another one')
    .option(
      '--dkek-shares <count>',
      'Keys can be copied by who has these shares; 0: the card keeps that key',
      whole(0, 255),
    )
    .option('--key-domains <count>', 'Several key domains, each set up later', whole(1, 16))
    .option('--custodians <count>', 'How many keys of custodians can be registered', whole(1, 90))
    .option('--required <count>', 'How many of them it takes to open the device', whole(1, 90))
    .option('--no-pin', 'No PIN: the custodians alone open the device')
    .option('--replace-custodians', 'Registered keys of custodians can be replaced')
    .addOption(
      new Option(
        '--session-pin <end>',
        'The card can make a PIN for a session, which ends at a reset or explicitly',
      ).choices(['reset', 'explicit']),
    )
    .option('-y, --yes', 'Do not ask')
  outputOptions(lastTryOption(pinOptions(cardOptions(command), soPin, firstPin))).action(run)
  examples(command, [
    ['keytether card initialize --label web', 'asks for both PINs'],
    ['keytether card initialize --so-pin-file so-pin --pin-file pin --yes', 'asks nothing'],
    ['keytether card initialize --dkek-shares 2 --dry-run', 'what it would do, and what a DKEK is for'],
  ])
}

async function run(options: InitializeOptions): Promise<void> {
  checkSettings(options)
  const dryRun = options.dryRun === true
  const settings = await initializationOf(options)
  await withCard({ ...options, makeEmulator: !dryRun }, async (device, signal) => {
    const before = dryRun ? await device.pinStatus('so') : await checkTries(device, 'so', options.lastTry)
    const plan = {
      device: device.identity.path,
      soPin: before,
      erases: await erased(device),
      settings,
      meaning: Object.fromEntries([['SO-PIN', soPinMeaning(before)], ...meaningOf(options)]),
    }
    if (dryRun) {
      report(options, { ...plan, initialized: false }, () => [...planLines(plan), 'nothing was changed'])
      return
    }
    for (const line of planLines(plan)) console.error(line)
    await confirm(options, 'Initialise the device?', signal)
    const so = before.status === 'notInitialized' ? { ...soPin, isNew: true as const } : soPin
    const initialization = {
      soPin: await readPin(options, so, signal, triesNote(before)),
      ...(options.pin && { userPin: await readPin(options, firstPin, signal) }),
      ...settings,
    }
    accepted(await device.initialize(initialization, spending(options)), 'so')
    report(options, { ...plan, initialized: true }, () => [`initialised ${plan.device}`, ...nextSteps(options)])
  })
}

function soPinMeaning(status: PinStatus): string {
  if (status.status === 'notInitialized') {
    return 'set to the one you give, 16 hexadecimal digits: who has it can erase the device, and nothing resets or unblocks it'
  }
  if (status.status === 'blocked') return 'blocked: nothing unblocks it, and the device can never be initialised again'
  return `to be presented (${pinWords(status)}), and stays: wrong ones in a row end the device's life`
}

interface Plan {
  readonly device: string
  readonly erases: Erased
  readonly meaning: Readonly<Record<string, string>>
}

function planLines({ device, erases, meaning }: Plan): string[] {
  const { label } = erases
  return [
    ...fields([
      ['Device', label ? `${device}, ${printable(label)}` : device],
      ['Erased for ever', erasedLines(erases).join('\n') || 'nothing: there are no keys, files or key domains'],
    ]),
    '',
    ...fields(Object.entries(meaning)),
    '',
  ]
}

function whole(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Wanted ${min} to ${max}.`)
  }
}
