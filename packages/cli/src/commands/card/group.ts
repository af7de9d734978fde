/** `keytether card group`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { accept } from './group/accept.ts'
import { connect } from './group/connect.ts'
import { identity } from './group/identity.ts'
import { join } from './group/join.ts'
import { membership } from './group/membership.ts'
import { offer } from './group/offer.ts'
import { signer } from './group/signer.ts'

export function group(card: Command): void {
  const command = card
    .command('group')
    .description('Groups of cards: their members agree on the key of a domain, and nobody ever holds a share of it')
  for (const declare of [signer, identity, membership, join]) declare(command)
  for (const declare of [connect, offer, accept]) declare(command)
  examples(command, [
    ['keytether card group signer --label admin --emulator founder', 'the key that decides who is a member'],
    ['keytether card group identity --out a.device --emulator a', 'on each card that is to be a member'],
    ['keytether card group membership admin a.device --out a.member --emulator founder', 'the founder vouches for it'],
    ['keytether card group join a.member --emulator a', 'its first key domain is now that of the group'],
    ['keytether card group connect emulator:a emulator:b', 'two members, which can then copy keys to each other'],
  ])
}
