/** `keytether card public-key`. */

import type { PublicKey } from '@keytether/card'
import type { KeyInfo } from '@keytether/driver'
import { type Command, Option } from 'commander'
import { writeContent } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { findKey, keyId } from '../../keys.ts'

interface PublicKeyOptions extends CardOptions {
  readonly format: 'pem' | 'der'
  readonly out?: string
}

export function publicKey(card: Command): void {
  const command = card
    .command('public-key')
    .description('The public key of a key on the card, as SubjectPublicKeyInfo')
    .argument('<key>', 'Label, id or reference of the key')
    .addOption(new Option('--format <format>', 'How to write it').choices(['pem', 'der']).default('pem'))
    .option('--out <file>', 'Write to a file instead of standard output')
  cardOptions(command).action(async (name: string, options: PublicKeyOptions) => {
    const { publicKeyObject, subjectPublicKeyInfo } = await import('@keytether/card')
    await withCard(options, async device => {
      const key = publicKeyOf(await findKey(device, name))
      const content =
        options.format === 'der'
          ? subjectPublicKeyInfo(key)
          : publicKeyObject(key).export({ type: 'spki', format: 'pem' })
      await writeContent(options.out, content)
    })
  })
}

function publicKeyOf(key: KeyInfo): PublicKey {
  if (key.publicKey) return key.publicKey
  throw new CliError('notFound', `no public key is stored beside key ${key.label || keyId(key)}`, key.warnings)
}
