/** `keytether principal invite` and `reset`: how a person gets in, and how one is kept out. */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { confirm } from '../../confirm.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceAccess, serviceOptions } from '../../service/options.ts'

type Options = ServiceOptions & OutputOptions

export function invite(parent: Command): void {
  const command = parent
    .command('invite')
    .description('Make an address with which a person sets a password or a passkey, once; it is shown this once')
    .argument('<principal>', 'Its name or id')
    .option('--days <count>', 'How long it is good', days, 7)
  outputOptions(serviceOptions(command)).action(runInvite)
  examples(command, [['keytether principal invite ann --days 2', 'the address is for Ann alone']])
}

export function reset(parent: Command): void {
  const command = parent
    .command('reset')
    .description('Take password, passkeys, sessions and invitation away; tokens stay')
    .argument('<principal>', 'Its name or id')
    .option('--yes', 'Do not ask')
  outputOptions(serviceOptions(command)).action(runReset)
  examples(command, [['keytether principal reset ann', 'her laptop was stolen: then invite her again']])
}

async function runInvite(principal: string, options: Options & { readonly days: number }): Promise<void> {
  const expiresAt = new Date(Date.now() + options.days * 86_400_000).toISOString()
  const body = { expiresAt }
  const made = await withService(options, client => client.createInvitation({ params: { principal }, body }))
  const { url } = await serviceAccess(options)
  // Behind the # nothing is sent to any server, or written into its log.
  const address = `${url}/sign-in#${made.secret}`
  report(options, { ...made, address }, () => [address, `good once, until ${made.expiresAt}; it is not shown again`])
}

async function runReset(principal: string, options: Options & { readonly yes?: true }): Promise<void> {
  await withService(options, async (client, signal) => {
    await confirm(options, `Take away everything that ${principal} signs in with?`, signal)
    await client.resetSignIn({ params: { principal } })
  })
  report(options, { reset: principal }, () => [`nobody signs in as ${principal} before there is another invitation`])
}

function days(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 365) return value
  throw new InvalidArgumentError('Wanted 1 to 365.')
}
