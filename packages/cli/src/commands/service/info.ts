/** `keytether service info`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

const meanings = {
  new: 'none yet: the first master key that is given becomes the one',
  sealed: 'sealed: `keytether service unseal` opens them',
  open: 'can be opened',
} as const

export function info(parent: Command): void {
  const command = parent.command('info').description('What runs there, and whether its secrets can be opened')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether service info --service https://hsm.example.com --token-file token', 'by a token']])
}

async function run(options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.describeService())
  report(options, found, () =>
    fields([
      ['Version', found.version],
      ['Database', found.database],
      ['Secrets', meanings[found.secrets]],
      ['Started', found.startedAt],
    ]),
  )
}
