/** `keytether card custodian export`. */
import type { Command } from 'commander'
import { writeContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { findKey } from '../../../keys.ts'

export function exportKey(custodian: Command): void {
  const command = custodian
    .command('export')
    .description("Write the public key of a custodian, with his device's word for it, to be registered elsewhere")
    .argument('<key>', 'Label, id or reference of an elliptic curve key')
    .option('--out <file>', 'Write to a file instead of standard output')
  cardOptions(command).action(run)
}

async function run(name: string, options: CardOptions & { readonly out?: string }): Promise<void> {
  const { RegistrationFile } = await import('@keytether/card')
  const { encode } = await import('@keytether/codec')
  await withCard(options, async card => {
    const { reference } = await findKey(card, name)
    const registration = await card.authentication.exportKey(reference)
    await writeContent(options.out, encode(RegistrationFile, registration))
    console.error(
      `the key is registered elsewhere as ${registration.request.certificate.value.body.value.holderReference}`,
    )
  })
}
