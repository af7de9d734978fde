/** `keytether ceremony share`. */
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { readShare, type SharePasswordOptions, sharePasswordOptions } from '../../share-input.ts'
import { ceremonyLines } from './words.ts'

interface Options extends ServiceOptions, OutputOptions, SharePasswordOptions {
  readonly share: string
}

export function share(ceremony: Command): void {
  const command = ceremony
    .command('share')
    .description('Bring a share; its file is opened here, and its password stays here')
    .argument('<ceremony>', 'Its id')
    .requiredOption('--share <file>', 'The share, as its custodian keeps it')
  outputOptions(sharePasswordOptions(serviceOptions(command))).action(run)
}

async function run(id: string, options: Options): Promise<void> {
  const params = { ceremony: id }
  const after = await withService(options, async (client, signal) => {
    // Opening a share takes its custodian, and time: not for a ceremony that wants none.
    const { state, words } = await client.getCeremony({ params })
    if (state !== 'open') throw new CliError('failed', `it takes no shares: ${words}`)
    const share = await readShare(options.share, options, signal)
    try {
      return await client.importShare({ params, body: { share: Buffer.from(share).toString('base64') } })
    } finally {
      share.fill(0)
    }
  })
  report(options, after, () => ceremonyLines(after))
}
