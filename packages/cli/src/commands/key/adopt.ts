/** `keytether key adopt`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type NewKeyOptions, newKeyOptions, newKeySettings } from './options.ts'
import { keyLine } from './words.ts'

type Options = ServiceOptions & OutputOptions & NewKeyOptions

export function adopt(key: Command): void {
  const command = key
    .command('adopt')
    .description('Give a name to keys that are on tokens of a group already: each is a version of one key')
    .argument('<name>', 'What the key is called')
    .argument('<card-key-id...>', 'The oldest first; the last one signs and encrypts. `group unmanaged` shows them')
  outputOptions(serviceOptions(newKeyOptions(command))).action(run)
  examples(command, [
    ['keytether key adopt webadm 0A41 0B52 --group pair', 'two versions: both decrypt, 0B52 encrypts'],
  ])
}

async function run(name: string, cardKeyIds: string[], options: Options): Promise<void> {
  const body = { name, cardKeyIds, ...newKeySettings(options) }
  const adopted = await withService(options, client => client.adoptKeys({ body }))
  report(options, adopted, () => [keyLine(adopted)])
}
