/** `keytether device initialize`. */
import type { Client } from '@keytether/api'
import { type Command, InvalidArgumentError } from 'commander'
import { confirm } from '../../confirm.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { type Pin, type PinOptions, pinOptions, readPin, soPin, userPin } from '../../pin.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface Options extends ServiceOptions, OutputOptions, PinOptions {
  readonly dryRun?: true
  readonly label?: string
  readonly tries?: number
  readonly dkekShares?: number
  readonly keyDomains?: number
  readonly keepPin: boolean
  readonly yes?: true
}

type Erasure = Awaited<ReturnType<Client['planErasure']>>

const firstPin: Pin = { ...userPin, label: 'new PIN', isNew: true }

export function initialize(device: Command): void {
  const command = device
    .command('initialize')
    .description(
      'Erase all keys and files of a token for ever, and set its PINs and key domains. With `keytether card initialize --device`, PINs pass the service by',
    )
    .argument('<device>', 'Its name')
    .option('--dry-run', 'Say what would be erased, and change nothing')
    .option('--label <text>', 'What to call the token')
    .option('--tries <count>', 'Wrong PINs in a row before the PIN is blocked; default 3', whole(1, 10))
    .option('--dkek-shares <count>', 'Keys can be copied by who has these shares', whole(0, 255))
    .option('--key-domains <count>', 'Several key domains, each set up later', whole(1, 16))
    .option('--no-keep-pin', 'The service does not keep the PIN')
    .option('-y, --yes', 'Do not ask')
  outputOptions(pinOptions(serviceOptions(command), soPin, firstPin)).action(run)
  examples(command, [
    ['keytether device initialize DENK0105702 --dry-run', 'what would be lost'],
    [
      'keytether device initialize DENK0105702 --so-pin-file so-pin --pin-file pin --dkek-shares 2 --yes',
      'for a key domain of two custodians',
    ],
  ])
}

async function run(device: string, options: Options): Promise<void> {
  await withService(options, async (client, signal) => {
    const params = { device }
    const plan = await client.planErasure({ params })
    if (options.dryRun) {
      report(options, plan, () => [...erasureLines(plan), 'nothing was changed'])
      return
    }
    for (const line of erasureLines(plan)) console.error(line)
    await confirm(options, `Initialise ${printable(device)}?`, signal)
    const so = plan.soPin.status === 'notInitialized' ? { ...soPin, isNew: true as const } : soPin
    const { label, tries, dkekShares, keyDomains, keepPin } = options
    const body = {
      confirmation: plan.confirmation,
      soPin: Buffer.from(await readPin(options, so, signal)).toString('hex'),
      pin: new TextDecoder().decode(await readPin(options, firstPin, signal)),
      keepPin,
      ...(label !== undefined && { label }),
      ...(tries !== undefined && { pinTries: tries }),
      ...(dkekShares !== undefined && { dkekShares }),
      ...(keyDomains !== undefined && { keyDomains }),
    }
    const done = await client.initializeDevice({ params, body })
    report(options, done, () => [
      `initialised ${printable(device)}`,
      ...(dkekShares ? [`next: keytether ceremony open ${printable(device)} --shares ${dkekShares}`] : []),
    ])
  })
}

export function erasureLines({ words }: Erasure): string[] {
  if (words.length === 0) return ['nothing is lost: there are no keys, files or key domains']
  return ['erased for ever:', ...words.map(line => `  ${printable(line)}`)]
}

function whole(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Wanted ${min} to ${max}.`)
  }
}
