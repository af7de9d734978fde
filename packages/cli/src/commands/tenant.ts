/** `keytether tenant`: for root, who makes tenants and hands them over; and for those who are in one. */
import { type Command, Option } from 'commander'
import { confirm } from '../confirm.ts'
import { examples } from '../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report, table } from '../output.ts'
import { allItems } from '../service/all-items.ts'
import { withService } from '../service/connection.ts'
import { keepToken, type NewTokenOptions, newTokenOption } from '../service/new-token.ts'
import { type ServiceOptions, serviceOptions } from '../service/options.ts'
import { change } from './tenant/change.ts'
import { show } from './tenant/show.ts'
import { limitWords } from './tenant/words.ts'

type Options = ServiceOptions & OutputOptions

export function tenant(program: Command): void {
  const command = program.command('tenant').description('Tenants of a service, each with devices and keys of its own')
  const list = command.command('list').description('The tenants, by name')
  outputOptions(serviceOptions(list)).action(listTenants)
  examples(list, [['keytether tenant list --token-file root-token', 'as root']])
  const create = command
    .command('create')
    .description('Make a tenant with its first administrator, who alone can let others in')
    .argument('<name>', 'Of the tenant')
    .option('--administrator <name>', 'What its first administrator is called', 'administrator')
  outputOptions(newTokenOption(serviceOptions(create))).action(createTenant)
  examples(create, [['keytether tenant create office --administrator ann --out ann.token', 'the file is for Ann']])
  const addresses = command
    .command('addresses')
    .description('From where principals of your tenant may log in')
    .addOption(
      new Option('--only <range...>', 'From these alone, as 192.0.2.7 or 2001:db8::/32').conflicts('everywhere'),
    )
    .option('--everywhere', 'From everywhere again')
  outputOptions(serviceOptions(addresses)).action(tenantAddresses)
  examples(addresses, [
    ['keytether tenant addresses', 'what holds now'],
    ['keytether tenant addresses --only 192.0.2.0/24 2001:db8::/32', 'refused where it would shut you out yourself'],
  ])
  for (const declare of [change, show]) declare(command)
  const remove = command
    .command('delete')
    .description('Delete a tenant in which there are no devices, groups and keys')
    .argument('<name>', 'Its name or id')
    .option('--yes', 'Do not ask')
  outputOptions(serviceOptions(remove)).action(deleteTenant)
  examples(remove, [['keytether tenant delete office', 'after its administrators have emptied it']])
}

async function listTenants(options: Options): Promise<void> {
  const items = await withService(options, client => allItems(cursor => client.listTenants({ query: { cursor } })))
  report(options, items, () =>
    table(
      ['NAME', 'ID', 'SINCE', 'LIMITS'],
      items.map(({ name, id, createdAt, limits }) => [printable(name), id, createdAt, limitWords(limits).join(', ')]),
    ),
  )
}

async function createTenant(
  name: string,
  options: Options & NewTokenOptions & { readonly administrator: string },
): Promise<void> {
  const { administrator } = options
  const made = await withService(options, client => client.createTenant({ body: { name, administrator } }))
  const { document, line } = await keepToken(options, made)
  report(options, document, () =>
    fields([['Tenant', made.name], ['Id', made.id], ['Administrator', made.administrator.name], line]),
  )
}

async function tenantAddresses(
  options: Options & { readonly only?: readonly string[]; readonly everywhere?: true },
): Promise<void> {
  const { only, everywhere } = options
  const shown = await withService(options, async client => {
    if (only) await client.restrictAddresses({ body: { addresses: [...only] } })
    if (everywhere) await client.restrictAddresses({ body: {} })
    return client.showAddresses()
  })
  report(options, shown, () => shown.addresses ?? ['everywhere'])
}

async function deleteTenant(name: string, options: Options & { readonly yes?: true }): Promise<void> {
  await withService(options, async (client, signal) => {
    await confirm(options, `Delete the tenant ${name}, with everybody in it?`, signal)
    await client.deleteTenant({ params: { tenant: name } })
  })
  report(options, { deleted: name }, () => [`the tenant ${name} is deleted`])
}
