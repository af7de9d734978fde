/** `keytether verify`. */
import type { Command } from 'commander'
import { readContent } from '../../bytes-io.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { base64 } from './key-option.ts'
import { signatureOptions, signing, toSign } from './sign.ts'

interface VerifyOptions extends ServiceOptions, OutputOptions {
  readonly key: string
  readonly algorithm?: string
  readonly form?: 'der' | 'raw' | 'jose'
  readonly digest?: string
  readonly signature: string
}

export function verify(program: Command): void {
  const command = program
    .command('verify')
    .description('Whether a signature is one of a key of a service')
    .argument('[file]', 'What was signed; default standard input')
    .requiredOption('--signature <file>', 'The signature, as sign writes it with --format raw')
  outputOptions(serviceOptions(signatureOptions(command))).action(run)
  examples(command, [['keytether verify document.pdf --key web --signature signature', 'of a file']])
}

async function run(file: string | undefined, options: VerifyOptions): Promise<void> {
  const input = await toSign(file, options)
  const bytes = await readContent(options.signature)
  const { format, ...rest } = signing(options)
  const { isJoseName } = await import('@keytether/api')
  const jose = format === 'jose' || (format === undefined && isJoseName(options.algorithm))
  const signature = jose ? Buffer.from(bytes).toString('base64url') : base64(bytes)
  const body = { ...input, ...rest, ...(format !== undefined && { format }), signature }
  const verdict = await withService(options, client => client.verify({ params: { key: options.key }, body }))
  report(options, verdict, () => (verdict.valid ? ['The signature is good'] : []))
  if (!verdict.valid) throw new CliError('failed', `this is no signature of ${verdict.key}, version ${verdict.version}`)
}
