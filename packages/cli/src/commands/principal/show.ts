/** `keytether principal show`, and how one is shown. */
import type { Answer, Operations, SignIn } from '@keytether/api'
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { narrowingWords } from './narrowing.ts'

export type Principal = Answer<Operations['getPrincipal']>

export function show(parent: Command): void {
  const command = parent
    .command('show')
    .description('One of them, and the tokens and certificates that it has')
    .argument('<name>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether principal show web', 'what it may, and when its tokens were last used']])
}

async function run(name: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const params = { principal: name }
  const [one, { items }, signIn] = await withService(options, client =>
    Promise.all([client.getPrincipal({ params }), client.listCredentials({ params }), client.getSignIn({ params })]),
  )
  report(options, { ...one, credentials: items, signIn }, () => [
    ...principalFields(one),
    ...signInFields(signIn),
    '',
    ...(items.length === 0
      ? ['no tokens or certificates']
      : table(
          ['CREDENTIAL', 'SINCE', 'UNTIL', 'LAST USED', 'ONLY'],
          items.map(one => [
            printable(one.identity === undefined ? one.name : `${one.name} (${one.identity})`),
            one.createdAt,
            one.expiresAt ?? 'no end',
            one.lastUsedAt ?? 'never',
            narrowingWords(one),
          ]),
        )),
  ])
}

function signInFields({ passwordSince, passkeys, sessions, invitation }: SignIn): string[] {
  return fields([
    ['Password', passwordSince && `since ${passwordSince}`],
    ['Passkeys', passkeys.length === 0 ? undefined : passkeys.map(({ name }) => name).join(', ')],
    ['Invitation', invitation && `until ${invitation.expiresAt}`],
    ['Sessions', sessions.length === 0 ? undefined : `${sessions.length}, as \`keytether session list\` shows`],
  ])
}

export function principalFields({ name, id, roles, tags, disabledAt }: Principal): string[] {
  return fields([
    ['Name', printable(name)],
    ['Id', id],
    ['Roles', roles.length === 0 ? 'none' : roles.join(', ')],
    ['Tags', tags.length === 0 ? undefined : tags.join(', ')],
    ['Disabled', disabledAt && `since ${disabledAt}`],
  ])
}
