/** `keytether device trace`. */
import { styleText } from 'node:util'
import type { Traced } from '@keytether/api'
import { type Command, InvalidArgumentError } from 'commander'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface TraceOptions extends ServiceOptions, OutputOptions {
  readonly seconds?: number
}

export function trace(device: Command): void {
  const command = device
    .command('trace')
    .description(
      'Every command that the service sends to a token from now on, decoded, with its answer; secrets are masked',
    )
    .argument('<device>', 'Its name, id or path, or the last part of that')
    .option('--seconds <n>', 'For how long; default: until Ctrl-C', duration)
  outputOptions(serviceOptions(command), 'Print one line of JSON for each').action(run)
  examples(command, [
    ['keytether device trace DENK0105702', 'until Ctrl-C'],
    ['keytether device trace DENK0105702 --seconds 60 --json', 'a minute of it, for a program'],
  ])
}

async function run(device: string, { seconds, json, ...options }: TraceOptions): Promise<void> {
  const { traceDevice } = await import('@keytether/api')
  const onTraced = (traced: Traced) => console.log(json ? JSON.stringify(traced) : line(traced))
  await withService(options, async (_, signal, send) => {
    const query = { seconds: seconds ?? 300, limit: 10_000 }
    do await traceDevice({ send, device, query, signal, onTraced })
    while (seconds === undefined && !signal.aborted)
  })
}

function line(traced: Traced): string {
  const at = traced.at.slice(11, 23)
  if ('state' in traced) return `${at}  ${styleText('bold', traced.state)} ${printable(traced.reason ?? '')}`.trimEnd()
  const { command, parameters, data, outcome, status, answer, ms, secure, request } = traced
  const there = [parameters, data].filter(Boolean).join(' ')
  const back = [outcome, status, answer].filter(Boolean).join(' ')
  const how = [`${ms} ms`, ...(secure ? [] : ['in the clear']), ...(request ? [`request ${request}`] : [])].join(', ')
  return `${at}  ${styleText('bold', command)} ${printable(there)} → ${printable(back)}  (${how})`
}

function duration(text: string): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > 300) throw new InvalidArgumentError('Wanted 1 to 300 seconds.')
  return seconds
}
