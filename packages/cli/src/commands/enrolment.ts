/** `keytether enrolment`: secrets for the URLs of agents, and agents that were enrolled with one. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { examples } from '../examples.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../output.ts'
import { withService } from '../service/connection.ts'
import { type ServiceOptions, serviceAccess, serviceOptions } from '../service/options.ts'

type Options = ServiceOptions & OutputOptions

interface CreateOptions extends Options {
  readonly group?: string
  readonly uses?: number
  readonly days?: number
}

export function enrolment(program: Command): void {
  const command = program
    .command('enrolment')
    .description('Secrets for the URLs of agents: a token that comes with one is claimed at once')
  for (const declare of [create, list, agents, remove]) declare(command)
  examples(command, [
    ['keytether enrolment create factory --uses 20 --days 7', 'for twenty tokens, this week'],
    ['keytether enrolment list', 'what is left of them'],
    ['keytether enrolment agents', 'who was enrolled; `keytether principal delete NAME` keeps one out'],
  ])
}

function create(enrolment: Command): void {
  const command = enrolment
    .command('create')
    .description('Make one; its secret is shown this once')
    .argument('<name>', 'What it is called')
    .option('--group <group>', 'The group that the tokens join; default: each gets one of its own')
    .option('--uses <count>', 'How many tokens; default any number', count)
    .option('--days <count>', 'How long it lasts; default until it is deleted', count)
  outputOptions(serviceOptions(command)).action(async (name: string, options: CreateOptions) => {
    const { group, uses, days } = options
    const body = {
      name,
      ...(group !== undefined && { group }),
      ...(uses !== undefined && { uses }),
      ...(days !== undefined && { expiresAt: new Date(Date.now() + days * 86_400_000).toISOString() }),
    }
    const made = await withService(options, client => client.createEnrolment({ body }))
    const { url } = await serviceAccess(options)
    const endpoint = new URL(`${url}/rt/hsm`)
    // Not in the query: proxies write that into their logs.
    endpoint.password = made.secret
    report(options, made, () => [
      endpoint.href,
      'give this URL to `keytether agent` or ram-client; it is not shown again',
    ])
  })
}

function list(enrolment: Command): void {
  const command = enrolment.command('list').description('All of them, by name')
  outputOptions(serviceOptions(command)).action(async (options: Options) => {
    const { items } = await withService(options, client => client.listEnrolments())
    const rows = items.map(({ name, group, usesLeft, expiresAt }) => [
      printable(name),
      usesLeft === undefined ? 'any number' : String(usesLeft),
      expiresAt ?? 'never',
      group ?? '',
    ])
    report(options, items, () => table(['NAME', 'USES LEFT', 'EXPIRES', 'GROUP'], rows))
  })
}

function agents(enrolment: Command): void {
  const command = enrolment.command('agents').description('The agents that have a key of their own, by name')
  outputOptions(serviceOptions(command)).action(async (options: Options) => {
    const { items } = await withService(options, client => client.listAgents())
    const rows = items.map(({ name, url, group, disabledAt, lastSeenAt }) => [
      printable(name),
      printable(url),
      group ?? '',
      disabledAt === undefined ? (lastSeenAt ?? 'never') : 'disabled',
    ])
    report(options, items, () => table(['NAME', 'URL', 'GROUP', 'LAST SEEN'], rows))
  })
}

function remove(enrolment: Command): void {
  const command = enrolment
    .command('delete')
    .description('Claim nothing with one any more')
    .argument('<name>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(async (name: string, options: Options) => {
    await withService(options, client => client.deleteEnrolment({ params: { enrolment: name } }))
    report(options, { deleted: name }, () => [`enrolment ${printable(name)} is deleted`])
  })
}

function count(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 100_000) return value
  throw new InvalidArgumentError('Wanted 1 to 100000.')
}
