/** `keytether card`: one card and its keys. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { attest } from './card/attest.ts'
import { backup } from './card/backup.ts'
import { certificate } from './card/certificate.ts'
import { clone } from './card/clone.ts'
import { custodian } from './card/custodian.ts'
import { decrypt } from './card/decrypt.ts'
import { remove } from './card/delete.ts'
import { derive } from './card/derive.ts'
import { deriveKey } from './card/derive-key.ts'
import { devices } from './card/devices.ts'
import { domain } from './card/domain.ts'
import { encrypt } from './card/encrypt.ts'
import { generate } from './card/generate.ts'
import { group } from './card/group.ts'
import { importKeys } from './card/import.ts'
import { initialize } from './card/initialize.ts'
import { label } from './card/label.ts'
import { list } from './card/list.ts'
import { mac } from './card/mac.ts'
import { pin } from './card/pin.ts'
import { publicKey } from './card/public-key.ts'
import { random } from './card/random.ts'
import { readers } from './card/readers.ts'
import { restore } from './card/restore.ts'
import { sign } from './card/sign.ts'
import { status } from './card/status.ts'
import { unwrap } from './card/unwrap.ts'
import { wrap } from './card/wrap.ts'

export function card(program: Command): void {
  const command = program.command('card').description('A card in a reader, a remote or an emulated one, and its keys')
  for (const declare of [readers, devices, status, list, initialize, label, pin, custodian]) declare(command)
  for (const declare of [generate, attest, deriveKey, publicKey, certificate, remove]) declare(command)
  for (const declare of [domain, group, wrap, unwrap, clone, backup, restore, importKeys]) declare(command)
  for (const declare of [sign, encrypt, decrypt, mac, derive, random]) declare(command)
  examples(command, [
    ['keytether card status', 'the card in the only reader'],
    ['keytether card generate --ec secp256r1 --label web', 'a new key'],
    ['keytether card sign web document.pdf --format raw --out signature', 'SHA-256 and ECDSA'],
    ['keytether card list --emulator token.state --json', 'the keys of an emulated token'],
  ])
}
