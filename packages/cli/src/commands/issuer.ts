/** `keytether issuer`: identity providers whose tokens let people and programs in. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { change } from './issuer/change.ts'
import { create } from './issuer/create.ts'
import { grant, revoke } from './issuer/grants.ts'
import { list } from './issuer/list.ts'
import { remove } from './issuer/remove.ts'
import { show } from './issuer/show.ts'

export function issuer(program: Command): void {
  const command = program
    .command('issuer')
    .description('Identity providers (OpenID Connect) whose tokens let in to your tenant of a service')
  for (const declare of [list, show, create, change, grant, revoke, remove]) declare(command)
  examples(command, [
    ['keytether issuer create company --url https://login.example.com --audience keytether', 'trust it'],
    ['keytether issuer grant company --claim groups --value hsm --role operator --tag web', 'say who may what'],
    ['keytether issuer show company', 'and why the last token was refused'],
  ])
}
