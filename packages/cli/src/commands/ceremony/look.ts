/** `keytether ceremony list`, `show` and `cancel`. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ceremony, Client } from '@keytether/api'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { ceremonyLines } from './words.ts'

type Options = ServiceOptions & OutputOptions

interface ShowOptions extends Options {
  readonly wait?: true
}

const pauseMs = 1_000
const which = ['<ceremony>', 'Its id'] as const

export function list(ceremony: Command): void {
  const command = ceremony.command('list').description('All of them, the oldest first')
  outputOptions(serviceOptions(command)).action(async (options: Options) => {
    const { items } = await withService(options, client => client.listCeremonies())
    const rows = items.map(({ id, devices, words, updatedAt }) => [
      id,
      printable(devices.map(({ name }) => name).join(' ')),
      printable(words),
      updatedAt,
    ])
    report(options, items, () => table(['CEREMONY', 'TOKENS', 'STATE', 'SINCE'], rows))
  })
}

export function show(ceremony: Command): void {
  const command = ceremony
    .command('show')
    .description('What one waits for, and who has brought a share')
    .argument(...which)
    .option('--wait', 'Wait until it is over')
  outputOptions(serviceOptions(command)).action(async (id: string, options: ShowOptions) => {
    const found = await withService(options, (client, signal) => look(client, id, options.wait ? signal : undefined))
    report(options, found, () => ceremonyLines(found))
    if (found.state === 'failed') throw new CliError('failed', found.words)
  })
}

export function cancel(ceremony: Command): void {
  const command = ceremony
    .command('cancel')
    .description('End one; the tokens keep the shares that they have until they are initialised')
    .argument(...which)
  outputOptions(serviceOptions(command)).action(async (id: string, options: Options) => {
    const ended = await withService(options, client => client.cancelCeremony({ params: { ceremony: id } }))
    report(options, ended, () => ceremonyLines(ended))
  })
}

/** @param waiting none: do not wait */
async function look(client: Client, id: string, waiting: AbortSignal | undefined): Promise<Ceremony> {
  for (;;) {
    const found = await client.getCeremony({ params: { ceremony: id } })
    if (waiting === undefined || found.state !== 'open') return found
    await sleep(pauseMs, undefined, { signal: waiting })
  }
}
