/** `keytether service rotate-data-key`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type MasterKeyOptions, masterKeyOptions, readMasterKey } from '../../service/master-key.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function rotateDataKey(parent: Command): void {
  const command = parent
    .command('rotate-data-key')
    .description('Seal all secrets of a service anew; the master key stays as it is')
  outputOptions(masterKeyOptions(serviceOptions(command), 'passphrase')).action(run)
  examples(command, [
    [
      'keytether service rotate-data-key --key-file master.key',
      'when a copy of the database and its master key were seen',
    ],
  ])
}

async function run(options: ServiceOptions & OutputOptions & MasterKeyOptions): Promise<void> {
  const done = await withService(options, async (client, signal) => {
    return client.rotateDataKey({ body: await readMasterKey(options, 'passphrase', false, signal) })
  })
  report(options, done, () => [
    `${done.sealed} secrets are sealed under a new data key; copies of the database from before are not`,
  ])
}
