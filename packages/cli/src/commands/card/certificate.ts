/** `keytether card certificate`. */
import { X509Certificate } from 'node:crypto'
import { type Command, Option } from 'commander'
import { readContent, writeContent } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { findKey, keyType } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { printable } from '../../output.ts'

interface ReadOptions extends CardOptions {
  readonly format: 'pem' | 'der'
  readonly out?: string
}

export function certificate(card: Command): void {
  const command = card.command('certificate').description('The certificate stored beside a key')

  const read = command
    .command('read')
    .description('Read the X.509 certificate of a key, or the request that the card made with it')
    .argument('<key>', 'Label, id or reference of the key')
    .addOption(
      new Option('--format <format>', 'How to write an X.509 certificate').choices(['pem', 'der']).default('pem'),
    )
    .option('--out <file>', 'Write to a file instead of standard output')
  cardOptions(read).action(readCertificate)

  const write = command
    .command('write')
    .description('Store an X.509 certificate beside a key')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', 'PEM or DER; default standard input')
  loginOptions(cardOptions(write)).action(writeCertificate)
}

async function readCertificate(name: string, options: ReadOptions): Promise<void> {
  await withCard(options, async device => {
    const key = await findKey(device, name)
    const bytes = await device.readCertificate(key.reference)
    const asText = options.format === 'pem' && key.certificateKind === 'x509'
    await writeContent(options.out, asText ? new X509Certificate(bytes).toString() : bytes)
  })
}

async function writeCertificate(
  name: string,
  file: string | undefined,
  options: CardOptions & LoginOptions,
): Promise<void> {
  const parsed = parse(await readContent(file), file ?? 'standard input')
  await withCard(options, async (device, signal) => {
    const key = await findKey(device, name)
    await login(device, options, signal)
    const attestable = await device.writeCertificate(key.reference, parsed.raw)
    console.log(`the certificate is beside ${keyType(key)} key ${printable(key.label)}`)
    if (!attestable && key.certificateKind === 'request')
      console.error('the card has no place to keep the request that it made: `card attest` cannot show it any more')
  })
}

function parse(content: Uint8Array, source: string): X509Certificate {
  try {
    return new X509Certificate(content)
  } catch (cause) {
    throw new CliError('failed', `${source} holds no X.509 certificate in PEM or DER`, [], { cause })
  }
}
