/** `keytether whoami`. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../output.ts'
import { withService } from '../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../service/options.ts'

export function whoami(program: Command): void {
  const command = program.command('whoami').description('Who a service takes you for, and what you may there')
  outputOptions(serviceOptions(command)).action(show)
  examples(command, [['keytether whoami --service https://hsm.example.com --token-file token', 'by a token']])
}

async function show(options: ServiceOptions & OutputOptions): Promise<void> {
  const me = await withService(options, client => client.whoAmI())
  report(options, me, () =>
    fields([
      ['Name', printable(me.name)],
      ['Id', me.id],
      ['Tenant', me.tenant ?? 'none: of the service itself'],
      ['Roles', me.roles.join(', ')],
      ['Tags', me.tags.length === 0 ? undefined : printable(me.tags.join(', '))],
    ]),
  )
}
