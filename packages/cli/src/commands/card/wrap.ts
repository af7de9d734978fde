/** `keytether card wrap`. */
import type { Command } from 'commander'
import { writePrivateFile } from '../../atomic-file.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { examples } from '../../examples.ts'
import { hex } from '../../key-domains.ts'
import { findKey, keyId, keyType } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'

interface WrapOptions extends CardOptions, LoginOptions, OutputOptions {
  readonly out: string
}

export function wrap(card: Command): void {
  const command = card
    .command('wrap')
    .description('Write a key to a file, encrypted under its key domain, as sc-hsm-tool does')
    .argument('<key>', 'Label, id or reference of the key')
    .requiredOption('--out <file>', 'The file to write')
  outputOptions(loginOptions(cardOptions(command))).action(run)
  examples(command, [['keytether card wrap web --out web.wrapped', 'for a card that has the same key domain']])
}

async function run(name: string, options: WrapOptions): Promise<void> {
  const { KeyBlob, WrappedKeyFile } = await import('@keytether/card')
  const { decode, encode } = await import('@keytether/codec')
  await withCard(options, async (device, signal) => {
    const key = await findKey(device, name)
    await login(device, options, signal)
    const wrapped = await device.wrapKey(key.reference)
    await writePrivateFile(options.out, encode(WrappedKeyFile, wrapped))
    const keyCheckValue = hex(decode(KeyBlob, wrapped.blob).keyCheckValue)
    report(
      options,
      { file: options.out, reference: key.reference, id: keyId(key), label: key.label, keyCheckValue },
      () => [`${options.out}: ${keyType(key)} key ${printable(key.label)}, under the key domain ${keyCheckValue}`],
    )
  })
}
