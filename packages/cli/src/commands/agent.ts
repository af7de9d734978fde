/** `keytether agent`: lends the tokens of this machine to a service. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { type OutputOptions, outputOptions } from '../output.ts'
import { type PinOptions, pinOptions, userPin } from '../pin.ts'

interface AgentOptions extends OutputOptions, PinOptions {
  readonly reader?: readonly string[]
  readonly allowList?: string
}

export function agent(program: Command): void {
  const command = program
    .command('agent')
    .description('Connect the tokens of this machine to a service, and keep them connected')
    .argument('<url>', 'The RAM endpoint of the service, such as https://hsm.example.com/rt/hsm')
    .option('--reader <name...>', 'Only the cards in these readers; default all, also those plugged in later')
    .option('--allow-list <file>', 'Let the service send only the commands that this file lists')
  outputOptions(pinOptions(command, userPin), 'Print events as lines of JSON').action(run)
  examples(command, [
    ['keytether agent https://hsm.example.com/rt/hsm --pin-file pin', 'every card in every reader'],
    ['keytether agent URL --reader "Virtual PCD 00 00"', 'one of them; asks for its PIN'],
  ])
}

async function run(_url: string, _options: AgentOptions): Promise<void> {}
