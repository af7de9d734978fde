/** `keytether key rotate`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type WaitOptions, waitOption } from './options.ts'
import { keyLine } from './words.ts'

interface Options extends ServiceOptions, OutputOptions, WaitOptions {
  readonly activate: boolean
}

export function rotate(key: Command): void {
  const command = key
    .command('rotate')
    .description('Make the next version, which signs and encrypts from then on; those before it only decrypt')
    .argument('<key>', 'Its name or id')
    .option('--no-activate', 'The version before it goes on signing until `key activate`')
  outputOptions(serviceOptions(waitOption(command))).action(run)
}

async function run(name: string, { activate, wait, ...options }: Options): Promise<void> {
  const body = { activate, waitSeconds: wait }
  const rotated = await withService(options, client => client.rotateKey({ params: { key: name }, body }))
  report(options, rotated, () => [keyLine(rotated)])
}
