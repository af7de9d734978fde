/** `keytether device claim`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type PlaceOptions, placeOf, placeOptions } from './place.ts'
import { deviceLines } from './words.ts'

interface Options extends ServiceOptions, OutputOptions, PlaceOptions {
  readonly code: string
  readonly group?: string
}

export function claim(device: Command): void {
  const command = device
    .command('claim')
    .description('Take a device out of quarantine')
    .argument('<device>', 'Its path, or the last part of that')
    .requiredOption('--code <code>', 'Its enrolment code, as its agent and `keytether card status` show it')
    .option('--group <group>', 'The group that it joins; default: one of its own')
  outputOptions(serviceOptions(placeOptions(command))).action(run)
  examples(command, [
    ['keytether device claim DENK0105702 --code 5F0A-93C1-77D2-E408 --name office', 'and call it office'],
  ])
}

async function run(device: string, options: Options): Promise<void> {
  const { code, group } = options
  const body = { device, code, ...placeOf(options), ...(group !== undefined && { group }) }
  const claimed = await withService(options, client => client.claimDevice({ body }))
  report(options, claimed, () => deviceLines(claimed))
}
