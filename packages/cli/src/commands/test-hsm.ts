/** `keytether test-hsm`. */
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { type OutputOptions, outputOptions, printable, report } from '../output.ts'
import { showProgress } from '../progress.ts'
import { withService } from '../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../service/options.ts'
import { testLines } from './test-hsm/words.ts'

export function testHsm(program: Command): void {
  const command = program
    .command('test-hsm')
    .description('Ask every token of a group, and use every key on each of them. No PIN is presented for it')
    .argument('<group>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [
    ['keytether test-hsm web', 'ends with 0 if all is well, with 5 if every key works on some token still'],
    ['keytether test-hsm web --json --token-file monitoring.token', 'for monitoring: the role metrics is enough'],
  ])
}

async function run(group: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const { testGroup } = await import('@keytether/api')
  const found = await withService(options, (_, signal, send) =>
    showProgress(`testing ${printable(group)}`, progress =>
      testGroup({ send, group, signal, onProgress: ({ done, total }) => progress(done / total) }),
    ),
  )
  report(options, found, () => testLines(found))
  const { name, state } = found
  if (state === 'degraded')
    throw new CliError('incomplete', `group ${name}: something failed, every key works somewhere`)
  if (state === 'failed') throw new CliError('failed', `group ${name}: a key works on no token, or no token does`)
}
