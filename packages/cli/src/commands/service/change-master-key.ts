/** `keytether service change-master-key`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type MasterKeyOptions, masterKeyOptions, readMasterKey } from '../../service/master-key.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function changeMasterKey(parent: Command): void {
  const command = parent
    .command('change-master-key')
    .description('Change the master key of a service; what is sealed stays as it is')
  masterKeyOptions(masterKeyOptions(serviceOptions(command), 'passphrase'), 'new-passphrase')
  outputOptions(command).action(run)
  examples(command, [
    ['keytether service change-master-key', 'from one passphrase to another; both are asked for'],
    ['keytether service change-master-key --key-file old.key --new-key-file new.key', 'from one file to another'],
  ])
}

async function run(options: ServiceOptions & OutputOptions & MasterKeyOptions): Promise<void> {
  await withService(options, async (client, signal) => {
    const current = await readMasterKey(options, 'passphrase', false, signal)
    const next = await readMasterKey(options, 'new-passphrase', true, signal)
    await client.changeMasterKey({ body: { current, next } })
  })
  report(options, { changed: true }, () => [
    'the master key is changed; where the settings of the service name the old one, change that before its next start',
    'copies of the database from before are opened by the old one',
  ])
}
