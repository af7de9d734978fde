/** `keytether card decrypt`. */
import { type Command, Option } from 'commander'
import { type BytesOptions, bytesOptions, readContent, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { findKey } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

const hashes = ['sha1', 'sha256', 'sha384', 'sha512'] as const

interface DecryptOptions extends CardOptions, LoginOptions, BytesOptions {
  readonly scheme: 'PKCS1' | 'OAEP'
  readonly hash: (typeof hashes)[number]
}

export function decrypt(card: Command): void {
  const command = card
    .command('decrypt')
    .description('Decrypt what was encrypted with an RSA public key')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', 'The cryptogram; default standard input')
    .addOption(new Option('--scheme <scheme>', 'Padding').choices(['PKCS1', 'OAEP']).default('OAEP'))
    .addOption(new Option('--hash <name>', 'Hash function of OAEP').choices(hashes).default('sha256'))
  bytesOptions(loginOptions(cardOptions(command)), 'raw').action(run)
}

async function run(name: string, file: string | undefined, options: DecryptOptions): Promise<void> {
  const cryptogram = await readContent(file)
  await withCard(options, async (device, signal) => {
    const key = await findKey(device, name)
    if (key.kind !== 'RSA') throw new CliError('usage', `${key.label} is no RSA key`)
    await login(device, options, signal)
    const scheme =
      options.scheme === 'OAEP' ? ({ kind: 'OAEP', hash: options.hash } as const) : ({ kind: 'PKCS1' } as const)
    await writeBytes(options, await device.decrypt(key, scheme, cryptogram))
  })
}
