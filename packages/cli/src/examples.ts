/** Examples at the end of a command's help. */
import { styleText } from 'node:util'
import type { Command } from 'commander'

/** @param lines command lines, each with what it is for */
export function examples(command: Command, lines: readonly (readonly [line: string, why: string])[]): Command {
  const width = Math.max(...lines.map(([line]) => line.length))
  const body = lines.map(([line, why]) => `  ${line.padEnd(width)}  ${styleText('dim', `# ${why}`)}`)
  return command.addHelpText('after', `\n${styleText('bold', 'Examples:')}\n${body.join('\n')}`)
}
