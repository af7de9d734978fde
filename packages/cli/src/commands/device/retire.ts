/** `keytether device retire` and `keytether device record`. */
import type { Client } from '@keytether/api'
import type { Command } from 'commander'
import { writeContent } from '../../bytes-io.ts'
import { confirm } from '../../confirm.ts'
import { examples } from '../../examples.ts'
import { type PinOptions, pinOptions, readPin, soPin } from '../../pin.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { erasureLines } from './initialize.ts'

interface Options extends ServiceOptions, PinOptions {
  readonly out?: string
  readonly yes?: true
}

export function retire(device: Command): void {
  const command = device
    .command('retire')
    .description('Erase a token for good, and have a signed record that says what was on it')
    .argument('<device>', 'Its name')
    .option('--out <file>', 'Write the record there; default: standard output')
    .option('-y, --yes', 'Do not ask')
  pinOptions(serviceOptions(command), soPin).action(run)
  examples(command, [
    ['keytether device retire DENK0105702 --so-pin-file so-pin --out retired.json', 'asks before it erases'],
    ['keytether verify-record retired.json --key service.pem', 'offline, by anybody'],
  ])
}

/** `keytether device record`. */
export function record(device: Command): void {
  const command = device
    .command('record')
    .description('The record of a token that was retired, once more')
    .argument('<device>', 'Its name')
    .option('--out <file>', 'Write the record there; default: standard output')
  serviceOptions(command).action(async (device: string, options: Options) => {
    const signed = await withService(options, client => client.getRetirement({ params: { device } }))
    await write(options.out, signed)
  })
}

async function run(device: string, options: Options): Promise<void> {
  const signed = await withService(options, async (client, signal) => {
    const params = { device }
    const plan = await client.planErasure({ params })
    for (const line of erasureLines(plan)) console.error(line)
    await confirm(options, 'Retire it?', signal)
    const so = Buffer.from(await readPin(options, soPin, signal)).toString('hex')
    return client.retireDevice({ params, body: { confirmation: plan.confirmation, soPin: so } })
  })
  await write(options.out, signed)
}

async function write(out: string | undefined, signed: Awaited<ReturnType<Client['getRetirement']>>): Promise<void> {
  await writeContent(out, `${JSON.stringify(signed, undefined, 2)}\n`)
}
