/** Examples at the end of a command's help. */
import { styleText } from 'node:util'
import type { Command } from 'commander'

/** @param lines command lines, each with what it is for, which goes above it: beside it, few terminals would be wide enough */
export function examples(command: Command, lines: readonly (readonly [line: string, why: string])[]): Command {
  const body = lines.map(([line, why]) => `  ${styleText('dim', `# ${why}`)}\n  ${line}`)
  return command.addHelpText('after', `\n${styleText('bold', 'Examples:')}\n${body.join('\n')}`)
}
