/** `keytether encrypt`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { readStream, writeStream } from '../../stream-io.ts'
import {
  type AssociatedDataOptions,
  associatedDataOf,
  associatedDataOptions,
  fromBase64,
  type KeyOptions,
  keyOption,
} from './key-option.ts'

type Options = ServiceOptions &
  KeyOptions &
  AssociatedDataOptions & { readonly reference?: string; readonly out?: string }

export function encrypt(program: Command): void {
  const command = program
    .command('encrypt')
    .description('Encrypt a file of any length here, with a data key that a token wraps. The file does not travel')
    .argument('[file]', 'What to encrypt; default standard input')
    .option('--reference <text>', 'What to call it in the report of what hangs on a key')
    .option('--out <file>', 'Write to a file instead of standard output')
  keyOption(command, 'Key of the service, AES or RSA; of several, the first encrypts')
  serviceOptions(associatedDataOptions(command)).action(run)
  examples(command, [
    ['keytether encrypt document.pdf --key files --out document.enc', 'for who may decrypt with the key'],
    ['keytether decrypt document.enc --key files --out document.pdf', 'and back'],
  ])
}

async function run(file: string | undefined, options: Options): Promise<void> {
  const { key: keys, reference, out } = options
  const associatedData = await associatedDataOf(options)
  await withService(options, async client => {
    const { decode } = await import('@keytether/codec')
    const { sealEnvelope, WrappedDataKey } = await import('@keytether/envelope')
    const body = { keys: [...keys], ...(reference !== undefined && { reference }) }
    const { plaintext, wrapped } = await client.makeDataKey({ body })
    const dataKey = fromBase64(plaintext!)
    try {
      const options = { dataKey, associatedData }
      await writeStream(out, sealEnvelope(decode(WrappedDataKey, fromBase64(wrapped)), options, readStream(file)))
    } finally {
      dataKey.fill(0)
    }
  })
}
