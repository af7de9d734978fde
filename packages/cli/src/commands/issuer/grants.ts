/** `keytether issuer grant` and `revoke`: what those may whom an issuer vouches for. */
import type { Body, Operations } from '@keytether/api'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type RightsOptions, rightsOptions } from '../principal/rights.ts'
import { issuerLines } from './show.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly claim?: string
  readonly value?: string
}

type Rule = Body<Operations['createIssuer']>['rules'][number]

export function grant(parent: Command): void {
  const command = whose(
    parent
      .command('grant')
      .description('Say what those may whose tokens have a claim; in place of what was said of it'),
  )
  outputOptions(serviceOptions(rightsOptions(command))).action(
    (name: string, options: Options & RightsOptions): Promise<void> => {
      const { claim, value, role = [], tag = [] } = options
      const rule = { ...demanded(claim, value), roles: [...role], tags: [...tag] }
      return change(name, options, others => [...others, rule])
    },
  )
  examples(command, [
    ['keytether issuer grant company --claim groups --value hsm --role operator --tag web', 'members of a group'],
    [
      'keytether issuer grant company --claim /realm_access/roles --value audit --role auditor',
      'inside of another claim',
    ],
    ['keytether issuer grant company --role operator', 'whoever has a token for this service'],
  ])
}

export function revoke(parent: Command): void {
  const command = whose(parent.command('revoke').description('Take back what was said of a claim'))
  outputOptions(serviceOptions(command)).action((name: string, options: Options) => {
    demanded(options.claim, options.value)
    return change(name, options, (others, all) => {
      if (others.length < all.length) return others
      throw new CliError('notFound', 'nothing was granted for that', [
        `\`keytether issuer show ${name}\` shows what was`,
      ])
    })
  })
  examples(command, [['keytether issuer revoke company --claim groups --value hsm', 'from the next request on']])
}

function whose(command: Command): Command {
  return command
    .argument('<name>', 'The name or id of the issuer')
    .option('--claim <claim>', 'The name of a claim, or a JSON Pointer to it; default: every token')
    .option('--value <value>', 'What the claim is, or what its list has')
}

function demanded(claim: string | undefined, value: string | undefined) {
  if ((claim === undefined) !== (value === undefined)) {
    throw new CliError('usage', '--claim and --value go together: give both, or neither for every token')
  }
  return claim === undefined ? {} : { claim, value }
}

async function change(
  name: string,
  options: Options,
  rulesOf: (others: Rule[], all: readonly Rule[]) => Rule[],
): Promise<void> {
  const { claim, value } = options
  const changed = await withService(options, async client => {
    const { id, revision, rules } = await client.getIssuer({ params: { issuer: name } })
    const others = rules.filter(rule => rule.claim !== claim || rule.value !== value)
    const body = { rules: rulesOf(others, rules) }
    return client.changeIssuer({ params: { issuer: id }, body, ifMatch: revision })
  })
  report(options, changed, () => issuerLines(changed))
}
