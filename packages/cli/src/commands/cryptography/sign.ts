/** `keytether sign`. */
import { createHash } from 'node:crypto'
import { type Command, Option } from 'commander'
import { hexBytes, readContent, writeContent } from '../../bytes-io.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { readStream } from '../../stream-io.ts'
import { base64 } from './key-option.ts'

interface SignatureOptions {
  readonly key: string
  readonly algorithm?: string
  readonly form?: 'der' | 'raw' | 'jose'
  readonly digest?: string
}

interface SignOptions extends ServiceOptions, OutputOptions, SignatureOptions {
  readonly format: 'base64' | 'hex' | 'raw'
  readonly out?: string
}

/** What a request holds. */
const longestMessage = 700_000

export function signatureOptions(command: Command): Command {
  return command
    .requiredOption('--key <name>', 'Key of the service')
    .option('--algorithm <name>', 'As ECDSA_SHA256, RSA_PSS_SHA384, ES256; default what fits the key')
    .addOption(
      new Option('--form <form>', 'Of ECDSA signatures: DER, r and s as they are, or those for JOSE').choices([
        'der',
        'raw',
        'jose',
      ]),
    )
    .option('--digest <hex>', 'This hash in place of a file')
}

export function sign(program: Command): void {
  const command = program
    .command('sign')
    .description('Sign a file with a key of a service')
    .argument('[file]', 'What to sign; default standard input')
    .addOption(
      new Option('--format <format>', 'How to write the signature').choices(['base64', 'hex', 'raw']).default('base64'),
    )
    .option('--out <file>', 'Write to a file instead of standard output')
  outputOptions(serviceOptions(signatureOptions(command))).action(run)
  examples(command, [
    ['keytether sign document.pdf --key web --format raw --out signature', 'for openssl and others'],
    ['keytether sign signing-input --key web --algorithm ES256', 'for JOSE: base64url of r and s'],
  ])
}

async function run(file: string | undefined, options: SignOptions): Promise<void> {
  const input = await toSign(file, options)
  const made = await withService(options, client =>
    client.sign({ params: { key: options.key }, body: { ...input, ...signing(options) } }),
  )
  if (options.json) return console.log(JSON.stringify(made, undefined, 2))
  const { signature, format } = made
  // What JOSE takes is this text.
  if (format === 'jose' && options.format === 'base64') return await writeContent(options.out, `${signature}\n`)
  const bytes = Buffer.from(signature, format === 'jose' ? 'base64url' : 'base64')
  await writeContent(options.out, options.format === 'raw' ? bytes : `${bytes.toString(options.format)}\n`)
}

export function signing({ algorithm, form }: Pick<SignatureOptions, 'algorithm' | 'form'>): {
  readonly algorithm?: string
  readonly format?: 'der' | 'raw' | 'jose'
} {
  return { ...(algorithm !== undefined && { algorithm }), ...(form !== undefined && { format: form }) }
}

/** Where the hash function is known, files are hashed here and do not travel. */
export async function toSign(
  file: string | undefined,
  { algorithm, digest }: SignatureOptions,
): Promise<{ readonly digest: string } | { readonly message: string }> {
  if (digest !== undefined) {
    if (file !== undefined)
      throw new CliError('usage', `--digest is in place of a file: which one, the digest or ${file}?`)
    return { digest: base64(await hexBytes(digest, 'the digest')) }
  }
  const size = /(1|224|256|384|512)K?$/.exec(algorithm ?? '')?.[1]
  if (size !== undefined) {
    const hash = createHash(`sha${size}`)
    for await (const part of readStream(file)) hash.update(part)
    return { digest: base64(hash.digest()) }
  }
  const message = await readContent(file)
  if (message.length <= longestMessage) return { message: base64(message) }
  const hint = 'name the --algorithm, as ECDSA_SHA256 or RSA_PKCS1_SHA256: then it is hashed here'
  throw new CliError('usage', `${message.length} bytes are more than a request holds`, [hint])
}
