/** `keytether principal change`. */
import { type Command, Option } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type RightsOptions, rightsOptions } from './rights.ts'
import { principalFields } from './show.ts'

interface Options extends ServiceOptions, OutputOptions, RightsOptions {
  readonly clearRoles?: true
  readonly clearTags?: true
  readonly disable?: true
  readonly enable?: true
}

export function change(parent: Command): void {
  const command = parent
    .command('change')
    .description('Change what a principal may, from its next request on')
    .argument('<name>', 'Its name or id')
  rightsOptions(command)
    .addOption(new Option('--clear-roles', 'It has no role any more').conflicts('role'))
    .addOption(new Option('--clear-tags', 'It has no tag any more').conflicts('tag'))
    .addOption(new Option('--disable', 'It may not log in').conflicts('enable'))
    .option('--enable', 'It may again')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [
    ['keytether principal change ben --role auditor', 'this role in place of those that it has'],
    ['keytether principal change web --disable', 'its next request is refused, whatever token it shows'],
  ])
}

async function run(name: string, options: Options): Promise<void> {
  const roles = options.clearRoles ? [] : options.role
  const tags = options.clearTags ? [] : options.tag
  const disabled = options.disable ? true : options.enable ? false : undefined
  if (roles === undefined && tags === undefined && disabled === undefined) {
    throw new CliError('usage', 'what is to change?', [
      'add --role, --tag, --clear-roles, --clear-tags, --disable or --enable',
    ])
  }
  const body = {
    ...(roles && { roles: [...roles] }),
    ...(tags && { tags: [...tags] }),
    ...(disabled !== undefined && { disabled }),
  }
  const changed = await withService(options, client => client.changePrincipal({ params: { principal: name }, body }))
  report(options, changed, () => principalFields(changed))
}
