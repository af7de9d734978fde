/** `keytether principal token`: what a principal logs in with. */
import type { Answer, Operations } from '@keytether/api'
import { type Command, InvalidArgumentError } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { keepToken, type NewTokenOptions, newTokenOption } from '../../service/new-token.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type NarrowingOptions, narrowing, narrowingOptions, narrowingWords, time } from './narrowing.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly name: string
}

type CreateOptions = Options & NewTokenOptions & NarrowingOptions

interface RotateOptions extends Options, NewTokenOptions {
  readonly newName: string
  readonly overlap?: number
  readonly expires?: string
}

export function token(parent: Command): void {
  const command = parent.command('token').description('Tokens of a principal; those that there are are in its show')
  const create = command
    .command('create')
    .description('Make a token; those that there are go on')
    .argument('<principal>', 'Its name or id')
    .requiredOption('--name <name>', 'What the token is called')
  outputOptions(newTokenOption(serviceOptions(narrowingOptions(create)))).action(createToken)
  examples(create, [
    ['keytether principal token create web --name 2027 --expires 2027-12-31 --out web.token', 'for a year'],
    [
      'keytether principal token create ann --name laptop --role auditor --address 192.0.2.0/24',
      'to look, from the office',
    ],
  ])
  const rotate = command
    .command('rotate')
    .description('Make a token for what another one is good for; both are until the other one ends')
    .argument('<principal>', 'Its name or id')
    .requiredOption('--name <name>', 'The name or id of the token that ends')
    .requiredOption('--new-name <name>', 'What the new one is called')
    .option('--overlap <hours>', 'For how long the old one goes on; default 24', hours)
    .option('--expires <time>', 'Until when the new one is good; default: for as long as the old one was', time)
  outputOptions(newTokenOption(serviceOptions(rotate))).action(rotateToken)
  examples(rotate, [
    [
      'keytether principal token rotate web --name 2026 --new-name 2027 --out web.token',
      'within a day, all use the new one',
    ],
    ['keytether principal token rotate web --name 2027 --new-name safe --overlap 0', 'somebody has seen the old one'],
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
  const body = { name: options.name, ...narrowing(options) }
  const made = await withService(options, client => client.createCredential({ params: { principal }, body }))
  await shown(options, made)
}

async function rotateToken(principal: string, options: RotateOptions): Promise<void> {
  const { name, newName, overlap, expires } = options
  const body = {
    name: newName,
    ...(overlap !== undefined && { overlap: Math.round(overlap * 3_600) }),
    ...(expires !== undefined && { expiresAt: expires }),
  }
  const params = { principal, credential: name }
  await shown(options, await withService(options, client => client.rotateCredential({ params, body })))
}

async function shown(options: Options & NewTokenOptions, made: Answer<Operations['createCredential']>): Promise<void> {
  const { document, line } = await keepToken(options, made)
  const narrowed = narrowingWords(made) || undefined
  report(options, document, () =>
    fields([['Name', made.name], ['Until', made.expiresAt ?? 'no end'], ['Only', narrowed], line]),
  )
}

async function revokeToken(principal: string, options: Options): Promise<void> {
  const { name } = options
  await withService(options, client => client.revokeCredential({ params: { principal, credential: name } }))
  report(options, { revoked: name }, () => [`the token ${name} of ${principal} is refused from now on`])
}

function hours(text: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(number <= 2_160)) throw new InvalidArgumentError('Wanted a number of hours, 2160 at most.')
  return number
}
