/** `keytether group move`. */
import { type Command, InvalidArgumentError } from 'commander'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly priority?: number
  readonly standby?: boolean
}

export function move(group: Command): void {
  const command = group
    .command('move')
    .description('Move a token into a group, out of the one that it is in, or change its place there')
    .argument('<device>', 'The token: its name, its id or its certified path')
    .argument('<group>', 'Name or id of the group')
    .option('--priority <number>', 'Tokens of the lowest number are asked first', wholeNumber)
    .option('--standby', 'It is only asked where no other token can')
    .option('--no-standby', 'It is asked like the others')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(device: string, group: string, options: Options): Promise<void> {
  const { priority, standby } = options
  const body = { ...(priority !== undefined && { priority }), ...(standby !== undefined && { standby }) }
  const moved = await withService(options, client => client.joinGroup({ params: { group, device }, body }))
  report(options, moved, () => [
    `${printable(moved.device)} is in ${printable(group)}, ${moved.standby ? 'standby' : `priority ${moved.priority}`}`,
  ])
}

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) > 1000) throw new InvalidArgumentError('Wanted a number from 0 to 1000.')
  return Number(text)
}
