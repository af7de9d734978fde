/** `keytether audit`: what was done at a service, and whether that is what was recorded. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { verify } from './audit/verify.ts'

export function audit(program: Command): void {
  const command = program
    .command('audit')
    .description('The audit log of a service: what was asked of it and what happened')
  for (const declare of [verify]) declare(command)
  examples(command, [
    ['keytether audit verify log.jsonl --key keys.txt', 'whether that is what was recorded; needs no service'],
  ])
}
