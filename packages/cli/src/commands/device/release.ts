/** `keytether device release`. */
import type { Command } from 'commander'
import { confirm } from '../../confirm.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly yes?: true
}

export function release(device: Command): void {
  const command = device
    .command('release')
    .description('Put one back into quarantine: its keys are not used any more, and the service forgets its PIN')
    .argument('<device>', 'Its name')
    .option('-y, --yes', 'Do not ask')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(device: string, options: Options): Promise<void> {
  await withService(options, async (client, signal) => {
    const { name } = await client.getDevice({ params: { device } })
    await confirm(options, `Release ${printable(name)}?`, signal)
    await client.releaseDevice({ params: { device } })
  })
  report(options, { released: device }, () => [`${printable(device)} is in quarantine again`])
}
