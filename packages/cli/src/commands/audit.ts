/** `keytether audit`: what was done at a service, and whether that is what was recorded. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { checkpoint } from './audit/checkpoint.ts'
import { exportLog } from './audit/export.ts'
import { list } from './audit/list.ts'
import { change, settings } from './audit/settings.ts'
import { verify } from './audit/verify.ts'

export function audit(program: Command): void {
  const command = program
    .command('audit')
    .description('The audit log of a service: what was asked of it and what happened')
  for (const declare of [list, exportLog, checkpoint, verify, settings, change]) declare(command)
  examples(command, [
    ['keytether audit list --since 2h', 'what was asked in the last two hours, and what came of it'],
    ['keytether audit export --out log.jsonl', 'to be kept'],
    ['keytether audit verify log.jsonl --key keys.txt', 'whether that is what was recorded; needs no service'],
  ])
}
