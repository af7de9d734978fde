/** `keytether session`: where you have signed in. */
import type { Session } from '@keytether/api'
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../output.ts'
import { withService } from '../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../service/options.ts'

type Options = ServiceOptions & OutputOptions & { readonly of?: string }

export function session(program: Command): void {
  const command = program.command('session').description('Sessions of people at a service')
  const list = command
    .command('list')
    .description('Those that are open, the newest first')
    .option('--of <principal>', 'Of somebody else; default: yours')
  outputOptions(serviceOptions(list)).action(listSessions)
  examples(list, [['keytether session list', 'where you have signed in']])
  const end = command
    .command('end')
    .description('End one')
    .argument('<id>', 'As in the list')
    .option('--of <principal>', 'Of somebody else; default: yours')
  outputOptions(serviceOptions(end)).action(endSession)
  examples(end, [['keytether session end ses_0a1b --of ann', 'she has left the browser open']])
}

async function listSessions(options: Options): Promise<void> {
  const { of } = options
  const { sessions } = await withService(options, client =>
    of === undefined ? client.getOwnSignIn() : client.getSignIn({ params: { principal: of } }),
  )
  report(options, sessions, () => sessionLines(sessions))
}

function sessionLines(sessions: readonly Session[]): string[] {
  return table(
    ['SESSION', 'BY', 'FROM', 'SINCE', 'LAST USED', 'PROGRAM'],
    sessions.map(({ id, way, address, createdAt, lastUsedAt, client }) => {
      return [id, way, printable(address), createdAt, lastUsedAt, printable(client)]
    }),
    'no sessions',
  )
}

async function endSession(id: string, options: Options): Promise<void> {
  const { of } = options
  await withService(options, client =>
    of === undefined
      ? client.endOwnSession({ params: { session: id } })
      : client.endSession({ params: { principal: of, session: id } }),
  )
  report(options, { ended: id }, () => [`the session ${printable(id)} is over`])
}
