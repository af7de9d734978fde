/** `keytether card readers`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, report } from '../../output.ts'

export function readers(card: Command): void {
  const command = card.command('readers').description('The card readers of this machine')
  outputOptions(command).action(async (options: OutputOptions) => {
    const { listReaders } = await import('@keytether/driver')
    const names = await listReaders()
    report(options, names, () => (names.length > 0 ? names : ['no card reader']))
  })
}
