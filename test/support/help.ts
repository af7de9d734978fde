/** What commands print of themselves. */
import { stripVTControlCharacters } from 'node:util'

/** A command as commander has it. */
interface Command<C> {
  createHelp(): { visibleCommands(command: C): C[] }
  configureOutput(output: { writeOut(text: string): void }): unknown
  outputHelp(): void
}

/** The command, and all below it that people see. */
export function commandTree<C extends Command<C>>(command: C): C[] {
  return [
    command,
    ...command
      .createHelp()
      .visibleCommands(command)
      .flatMap(commandTree<C>),
  ]
}

/** What `--help` prints, without its colours. */
export function helpOf<C extends Command<C>>(command: C): string {
  let printed = ''
  command.configureOutput({
    writeOut: text => {
      printed += text
    },
  })
  command.outputHelp()
  return stripVTControlCharacters(printed)
}
