/** `keytether principal token`: what a principal logs in with. */
import { type Command, InvalidArgumentError } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { keepToken, type NewTokenOptions, newTokenOption } from '../../service/new-token.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly name: string
}

interface CreateOptions extends Options, NewTokenOptions {
  readonly expires?: string
}

export function token(parent: Command): void {
  const command = parent.command('token').description('Tokens of a principal; those that there are are in its show')
  const create = command
    .command('create')
    .description('Make a token; those that there are go on')
    .argument('<principal>', 'Its name or id')
    .requiredOption('--name <name>', 'What the token is called')
    .option(
      '--expires <time>',
      'Until when it is good, as 2027-12-31 or 2027-12-31T12:00Z; default: until it is revoked',
      time,
    )
  outputOptions(newTokenOption(serviceOptions(create))).action(createToken)
  examples(create, [
    ['keytether principal token create web --name 2027 --expires 2027-12-31 --out web.token', 'for a year'],
  ])
  const revoke = command
    .command('revoke')
    .description('Refuse a token from now on')
    .argument('<principal>', 'Its name or id')
    .requiredOption('--name <name>', 'The name or id of the token')
  outputOptions(serviceOptions(revoke)).action(revokeToken)
  examples(revoke, [['keytether principal token revoke web --name 2026', 'when nobody uses it any more']])
}

async function createToken(principal: string, options: CreateOptions): Promise<void> {
  const { name, expires } = options
  const body = { name, ...(expires !== undefined && { expiresAt: expires }) }
  const made = await withService(options, client => client.createCredential({ params: { principal }, body }))
  const { document, line } = await keepToken(options, made)
  report(options, document, () => fields([['Name', made.name], ['Until', made.expiresAt ?? 'no end'], line]))
}

async function revokeToken(principal: string, options: Options): Promise<void> {
  const { name } = options
  await withService(options, client => client.revokeCredential({ params: { principal, credential: name } }))
  report(options, { revoked: name }, () => [`the token ${name} of ${principal} is refused from now on`])
}

function time(text: string): string {
  const at = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('Wanted a time, such as 2027-12-31 or 2027-12-31T12:00Z.')
  return new Date(at).toISOString()
}
