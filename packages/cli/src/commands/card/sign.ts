/** `keytether card sign`. */
import { createHash } from 'node:crypto'
import type { KeyInfo, SignatureScheme } from '@keytether/driver'
import { type Command, Option } from 'commander'
import { type BytesOptions, bytesOptions, readContent, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { findKey } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

interface SignOptions extends CardOptions, LoginOptions, BytesOptions {
  readonly scheme?: SignatureScheme
  readonly hash: string
  readonly digest?: string
}

export function sign(card: Command): void {
  const command = card
    .command('sign')
    .description('Sign a file, or a hash')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', 'What to sign; default standard input')
    .addOption(
      new Option('--scheme <scheme>', 'Default: ECDSA or RSA_PKCS1').choices(['ECDSA', 'RSA_PKCS1', 'RSA_PSS']),
    )
    .addOption(
      new Option('--hash <name>', 'Hash function')
        .choices(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'])
        .default('sha256'),
    )
    .option('--digest <hex>', 'Sign this hash instead of a file')
  bytesOptions(loginOptions(cardOptions(command)), 'hex').action(run)
  examples(command, [
    ['keytether card sign web document.pdf --format raw --out signature', 'a file'],
    ['keytether card public-key web > web.pem', 'the public key, with which openssl verifies it'],
    ['openssl dgst -sha256 -verify web.pem -signature signature document.pdf', 'which says: Verified OK'],
  ])
}

async function run(name: string, file: string | undefined, options: SignOptions): Promise<void> {
  if (options.digest !== undefined && file !== undefined)
    throw new CliError('usage', `--digest is signed in place of a file: which one, the digest or ${file}?`)
  const hash = options.digest === undefined ? undefined : await digest(options.digest)
  const content =
    hash ??
    createHash(options.hash)
      .update(await readContent(file))
      .digest()
  await withCard(options, async (device, signal) => {
    const key = await findKey(device, name)
    const scheme = schemeFor(key, options.scheme)
    await login(device, options, signal)
    await writeBytes(options, await device.signHash(key, scheme, content))
  })
}

/** Of SHA-1 to SHA-512. Whatever else would be signed is a mistake, and no one could verify it. */
const hashLengths = [20, 28, 32, 48, 64]

async function digest(text: string): Promise<Uint8Array> {
  if (!/^([0-9a-f]{2})+$/i.test(text))
    throw new CliError('usage', 'the digest is not an even number of hexadecimal digits')
  const { fromHex } = await import('@keytether/codec')
  const bytes = fromHex(text)
  if (hashLengths.includes(bytes.length)) return bytes
  throw new CliError('usage', `the digest has ${bytes.length} bytes, and a hash has ${hashLengths.join(', ')}`)
}

function schemeFor({ kind, label }: KeyInfo, wanted: SignatureScheme | undefined): SignatureScheme {
  if (kind === 'AES') throw new CliError('usage', `${label} is an AES key, which does not sign`)
  const scheme = wanted ?? (kind === 'EC' ? 'ECDSA' : 'RSA_PKCS1')
  if ((scheme === 'ECDSA') === (kind === 'EC')) return scheme
  throw new CliError('usage', `${scheme} is not for ${kind} keys`)
}
