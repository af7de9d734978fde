/** `keytether agent`: lends the tokens of this machine to a service. */

import type { Command } from 'commander'
import { endpointUrl } from '../address.ts'
import { agentReporter, type DialOptions, dialOptions, dialSettings, dialUrl, reportNoPin } from '../agent-options.ts'
import { examples } from '../examples.ts'
import { interruption } from '../interrupt.ts'
import { type OutputOptions, outputOptions, reporter } from '../output.ts'
import { pinOptions, userPin } from '../pin.ts'

interface AgentCommandOptions extends OutputOptions, DialOptions {
  readonly reader?: string
}

export function agent(program: Command): void {
  const command = program
    .command('agent')
    .description('Connect the tokens of this machine to a service, and keep them connected')
    .argument('<url>', 'Where the service takes tokens, such as https://hsm.example.com/rt/hsm', endpointUrl)
    .option('--reader <name>', 'Only cards in readers whose names start like this; default all, also those to come')
  outputOptions(dialOptions(pinOptions(command, userPin)), 'Print events as lines of JSON').action(run)
  examples(command, [
    ['keytether agent https://hsm.example.com/rt/hsm --pin-file pin', 'every card in every reader'],
    ['keytether agent https://hsm.example.com/rt/hsm --reader "Virtual PCD 00"', 'asks for the PIN'],
    [
      'keytether agent https://hsm.example.com/rt/hsm --key-file agent.key --enrolment-file secret',
      'is known from now on',
    ],
    ['keytether agent https://hsm.example.com/rt/hsm --pin-file pin --allow use', 'keys can be used, not managed'],
  ])
}

async function run(url: string, options: AgentCommandOptions): Promise<void> {
  const { runReaders } = await import('@keytether/agent')
  const report = reporter(options)
  const reportAgent = agentReporter(report)
  using stop = interruption()
  const settings = await dialSettings(options, true, stop.signal)
  if (!settings.pin) reportNoPin(report)
  await runReaders({
    ...settings,
    url: await dialUrl(url, options),
    ...(options.reader !== undefined && { reader: options.reader }),
    signal: stop.signal,
    onEvent(event) {
      if (event.event === 'card') report(event, `${event.reader}: ${cardLines[event.state]}`)
      else reportAgent(event)
    },
  })
}

const cardLines = {
  card: 'card',
  empty: 'no card',
  mute: 'the card does not answer; is it the right way up?',
  gone: 'the reader is gone',
} as const
