/** `keytether principal create`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { keepToken, type NewTokenOptions, newTokenOption } from '../../service/new-token.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type RightsOptions, rightsOptions } from './rights.ts'
import { principalFields } from './show.ts'

interface Options extends ServiceOptions, OutputOptions, RightsOptions, NewTokenOptions {
  readonly token: boolean
}

export function create(parent: Command): void {
  const command = parent
    .command('create')
    .description('Make a principal, and its first token')
    .argument('<name>', 'What it is called')
    .option('--no-token', 'It has no way to log in until it is given one')
  outputOptions(newTokenOption(rightsOptions(serviceOptions(command)))).action(run)
  examples(command, [
    ['keytether principal create ben --role manager auditor --out ben.token', 'for Ben, who makes keys'],
    ['keytether principal create web --role operator --tag web', 'for a program, which uses keys of that tag'],
  ])
}

async function run(name: string, options: Options): Promise<void> {
  const { role: roles = [], tag: tags = [] } = options
  await withService(options, async client => {
    const made = await client.createPrincipal({ body: { name, roles: [...roles], tags: [...tags] } })
    if (!options.token) return report(options, made, () => principalFields(made))
    const { token } = await client.createCredential({ params: { principal: made.id }, body: { name: 'first' } })
    const { document, line } = await keepToken(options, { ...made, token })
    report(options, document, () => [...principalFields(made), ...fields([line], 5)])
  })
}
