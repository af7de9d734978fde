/** `keytether device change`. */
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type PlaceOptions, placeOf, placeOptions } from './place.ts'
import { deviceLines } from './words.ts'

type Options = ServiceOptions & OutputOptions & PlaceOptions

export function change(device: Command): void {
  const command = device
    .command('change')
    .description('Call one by another name, or say when it is asked')
    .argument('<device>', 'Its name')
  placeOptions(command).option('--no-standby', 'Asked like others')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether device change DENK0105702 --name office --priority 1', 'asked after those of 0']])
}

async function run(device: string, options: Options): Promise<void> {
  const body = placeOf(options)
  if (Object.keys(body).length === 0) {
    throw new CliError('usage', 'what is to change?', ['add --name, --priority, --standby or --no-standby'])
  }
  const changed = await withService(options, client => client.changeDevice({ params: { device }, body }))
  report(options, changed, () => deviceLines(changed))
}
