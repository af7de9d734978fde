/** `keytether service health`. */
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function health(parent: Command): void {
  const command = parent
    .command('health')
    .description('Whether groups and devices are as they should be, and why not; for monitoring, the exit code says it')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether service health --json', '0 healthy, 5 degraded, 1 a group does nothing or no answer']])
}

async function run(options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.describeHealth())
  const { state, reasons, groups, devices } = found
  report(options, found, () => [
    `${state}: ${counted(groups.length, 'group')}, ${counted(devices.length, 'device')}`,
    ...reasons.map(reason => `- ${printable(reason)}`),
  ])
  if (state === 'healthy') return
  throw new CliError(state === 'unavailable' ? 'failed' : 'incomplete', `what there is, is ${state}`, [
    'see `keytether group show` and `keytether device list` for what to do',
  ])
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
