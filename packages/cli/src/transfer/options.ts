/** Options of the commands that put on a card what was elsewhere. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions } from '../output.ts'

export interface TransferOptions extends OutputOptions {
  readonly dryRun?: true
  readonly partial?: true
}

export function transferOptions(command: Command): Command {
  command.option('--dry-run', 'Say what would be done, and do nothing')
  command.option('--partial', 'That some keys cannot be copied, or not proven, is no failure')
  return outputOptions(command)
}
