/** `keytether service unseal`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type MasterKeyOptions, masterKeyOptions, readMasterKey } from '../../service/master-key.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function unseal(parent: Command): void {
  const command = parent
    .command('unseal')
    .description('Give the master key, so that the secrets of the service can be opened')
  outputOptions(masterKeyOptions(serviceOptions(command), 'passphrase')).action(run)
  examples(command, [
    ['keytether service unseal', 'the passphrase is asked for'],
    ['keytether service unseal --key-file master.key', 'with a key, as openssl rand -hex 32 makes one'],
  ])
}

async function run(options: ServiceOptions & OutputOptions & MasterKeyOptions): Promise<void> {
  const isNew = await withService(options, async (client, signal) => {
    const isNew = (await client.describeService()).secrets === 'new'
    await client.unseal({ body: await readMasterKey(options, 'passphrase', isNew, signal) })
    return isNew
  })
  report(options, { secrets: 'open', new: isNew }, () => [
    isNew ? 'this is the master key of the service now: keep it, nothing else opens its secrets' : 'it is unsealed',
  ])
}
