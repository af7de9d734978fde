/** `keytether principal`: people and programs of a tenant, what they may, and what they log in with. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { certificate } from './principal/certificate.ts'
import { change } from './principal/change.ts'
import { create } from './principal/create.ts'
import { invite, reset } from './principal/invite.ts'
import { list } from './principal/list.ts'
import { remove } from './principal/remove.ts'
import { show } from './principal/show.ts'
import { token } from './principal/token.ts'

export function principal(program: Command): void {
  const command = program.command('principal').description('Who may do what in your tenant of a service')
  for (const declare of [list, show, create, change, remove, token, certificate, invite, reset]) declare(command)
  examples(command, [
    ['keytether principal create web --role operator --tag web --out web.token', 'a program that uses keys'],
    ['keytether principal token rotate web --name first --new-name 2027 --out new.token', 'both are good for a day'],
    ['keytether principal token revoke web --name first', 'it is refused from now on'],
    ['keytether principal invite ann', 'a person, who sets a password or passkey with it'],
    ['keytether principal change web --disable', 'whatever its tokens are'],
  ])
}
