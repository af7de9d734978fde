/** `keytether card group identity`. */
import type { Command } from 'commander'
import { writeContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'

export function identity(group: Command): void {
  const command = group
    .command('identity')
    .description('Write the certificates of a card, for the founder of a group to vouch for it; they are public')
    .option('--out <file>', 'Write to a file instead of standard output')
  cardOptions(command).action(run)
}

async function run(options: CardOptions & { readonly out?: string }): Promise<void> {
  const { DeviceCertificates } = await import('@keytether/card')
  const { encode } = await import('@keytether/codec')
  await withCard(options, async device => {
    await writeContent(options.out, encode(DeviceCertificates, [...device.identity.chain]))
    console.error(`the certificates of ${device.identity.path}`)
  })
}
