/** `keytether issuer show`, and how one is shown. */
import type { Answer, Operations } from '@keytether/api'
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

type Issuer = Answer<Operations['getIssuer']>

export function show(parent: Command): void {
  const command = parent
    .command('show')
    .description('One of them, and what was wrong with the last token that was refused')
    .argument('<name>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether issuer show company', 'whom it lets in, and what they may']])
}

async function run(name: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const issuer = await withService(options, client => client.getIssuer({ params: { issuer: name } }))
  report(options, issuer, () => issuerLines(issuer))
}

export function issuerLines(issuer: Issuer): string[] {
  const { name, id, url, audiences, algorithms, nameClaim, rules, authorities, trouble } = issuer
  return [
    ...fields([
      ['Name', printable(name)],
      ['Id', id],
      ['URL', printable(url)],
      ['For', printable(audiences.join(', '))],
      ['Algorithms', algorithms.join(', ')],
      ['Name claim', printable(nameClaim)],
      ['Authorities', authorities && 'its own, besides those of the system'],
      ['Last refusal', trouble && `${trouble.at}: ${printable(trouble.reason)}`],
    ]),
    '',
    ...(rules.length === 0
      ? [`nobody may anything yet: \`keytether issuer grant ${printable(name)}\` says who`]
      : table(
          ['CLAIM', 'VALUE', 'ROLES', 'TAGS'],
          rules.map(({ claim, value, roles, tags }) => [
            claim === undefined ? 'every token' : printable(claim),
            printable(value ?? ''),
            roles.join(', '),
            tags.join(', '),
          ]),
        )),
  ]
}
