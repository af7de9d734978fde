/** `keytether completion`: scripts that make a shell complete commands, options and the names of readers. */
import { Command } from 'commander'
import { examples } from '../examples.ts'

export function completion(program: Command): void {
  const command = program
    .command('completion')
    .description('Print a script that completes commands and options in a shell')
    .addArgument(program.createArgument('<shell>', 'The shell').choices(['bash', 'zsh', 'fish', 'powershell']))
    .action(async (shell: string) => {
      const { script } = await import('@bomb.sh/tab')
      script(shell, program.name(), program.name())
    })
  examples(command, [
    ['source <(keytether completion bash)', 'in ~/.bashrc, after bash-completion'],
    ['source <(keytether completion zsh)', 'in ~/.zshrc'],
    ['keytether completion fish | source', 'in ~/.config/fish/config.fish'],
  ])

  // What the scripts call.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(words => complete(program, words))
}

async function complete(program: Command, words: string[]): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander')
  // The adapter adds commands of its own, so it is shown a program that does not have ours.
  const shown = new Command(program.name())
  for (const command of program.commands) {
    if (command.name() !== 'completion' && command.name() !== 'complete') shown.addCommand(command)
  }
  const root = tab(shown, { completionCommandName: 'completion' })
  if (words.at(-2) === '--reader') {
    const readers = await readerNames()
    for (const { options } of root.commands.values()) {
      const option = options.get('reader')
      if (option) option.handler = add => readers.forEach(name => void add(name, ''))
    }
  }
  root.parse(words)
}

/** None where there is no PC/SC: a completion is no place for an error. */
async function readerNames(): Promise<string[]> {
  const { listReaders } = await import('@keytether/driver')
  return listReaders().catch(() => [])
}
