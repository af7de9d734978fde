/** `keytether card initialize`. */
import { type Command, InvalidArgumentError } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { confirm } from '../../confirm.ts'
import { examples } from '../../examples.ts'
import { accepted, checkTries, lastTryOption, spending, triesNote } from '../../login.ts'
import { fields } from '../../output.ts'
import { type Pin, type PinOptions, pinOptions, readPin, soPin, userPin } from '../../pin.ts'

interface InitializeOptions extends CardOptions, PinOptions {
  readonly label?: string
  readonly tries: number
  readonly pinReset: boolean
  readonly lastTry?: true
  readonly yes?: true
}

const firstPin: Pin = { ...userPin, label: 'new PIN', isNew: true }

export function initialize(card: Command): void {
  const command = card
    .command('initialize')
    .description('Erase all keys and files for ever, and set the PIN')
    .option('--label <text>', 'What to call the token')
    .option('--tries <count>', 'Wrong PINs in a row before the PIN is blocked, 1 to 10', tries, 3)
    .option('--no-pin-reset', 'Do not let the SO-PIN unblock the PIN')
    .option('-y, --yes', 'Do not ask')
  lastTryOption(pinOptions(cardOptions(command), soPin, firstPin)).action(run)
  examples(command, [
    ['keytether card initialize --label web', 'asks for both PINs'],
    ['keytether card initialize --so-pin-file so-pin --pin-file pin --yes', 'asks nothing'],
  ])
}

async function run(options: InitializeOptions): Promise<void> {
  const { deviceOptions } = await import('@keytether/card')
  await withCard({ ...options, makeEmulator: true }, async (device, signal) => {
    const before = await checkTries(device, 'so', options.lastTry)
    const fresh = before.status === 'notInitialized'
    const { keys } = await device.inventory()
    const plan = fields([
      ['Device', device.identity.path],
      ['Keys to erase', String(keys.length)],
      ['SO-PIN', fresh ? 'will be set: 16 hexadecimal digits, and it can never be reset' : 'must be presented'],
      ['Tries', String(options.tries)],
      ['PIN reset', options.pinReset ? 'with the SO-PIN' : 'never'],
    ])
    for (const line of plan) console.error(line)
    await confirm(options, 'Initialise the device?', signal)
    const initialization = {
      soPin: await readPin(options, fresh ? { ...soPin, isNew: true } : soPin, signal, triesNote(before)),
      userPin: await readPin(options, firstPin, signal),
      options: options.pinReset ? deviceOptions.resetRetryCounter : 0,
      pinTries: options.tries,
      ...(options.label !== undefined && { label: options.label }),
    }
    accepted(await device.initialize(initialization, spending(options)), 'so')
    console.log(`initialised ${device.identity.path}`)
  })
}

function tries(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 10) throw new InvalidArgumentError('Wanted 1 to 10.')
  return value
}
