/** `keytether key`: the keys of a service. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { adopt } from './key/adopt.ts'
import { attest } from './key/attest.ts'
import { certificate } from './key/certificate.ts'
import { certify } from './key/certify.ts'
import { create } from './key/create.ts'
import { importKey } from './key/import.ts'
import { activate, deactivate, destroy, restore, suspend } from './key/life.ts'
import { list } from './key/list.ts'
import { publicKey } from './key/public-key.ts'
import { rotate } from './key/rotate.ts'
import { show } from './key/show.ts'
import { rename, rotateAfter, tag } from './key/update.ts'

export function key(program: Command): void {
  const command = program.command('key').description('Keys of a service: each on several tokens, under one name')
  const life = [rotate, rotateAfter, activate, suspend, deactivate, destroy, restore]
  for (const declare of [list, show, create, importKey, adopt, ...life, rename, tag]) declare(command)
  for (const declare of [publicKey, certify, certificate, attest]) declare(command)
  examples(command, [
    ['keytether key create web --group pair --ec secp256r1', 'on two tokens of the group before it is told of'],
    ['keytether key rotate web', 'the next version signs, the one before still decrypts'],
    ['keytether key destroy web --restorable 30', 'and for thirty days, `key restore web` brings it back'],
  ])
}
