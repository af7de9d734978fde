/** `keytether decrypt`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { readStream, writeStream } from '../../stream-io.ts'
import {
  type AssociatedDataOptions,
  associatedDataOf,
  associatedDataOptions,
  base64,
  fromBase64,
  type KeyOptions,
  keyOption,
} from './key-option.ts'

type Options = ServiceOptions & KeyOptions & AssociatedDataOptions & { readonly out?: string }

export function decrypt(program: Command): void {
  const command = program
    .command('decrypt')
    .description('Decrypt what encrypt made. With --out, nothing is there unless all of it is authentic')
    .argument('[file]', 'What to decrypt; default standard input')
    .option('--out <file>', 'Write to a file instead of standard output')
  keyOption(command, 'Keys of the service, one of which wraps its data key')
  serviceOptions(associatedDataOptions(command)).action(run)
  examples(command, [
    ['keytether decrypt document.enc --key files --out document.pdf', 'one key'],
    ['keytether decrypt document.enc --key files-2027 files-2026 --out document.pdf', 'while keys are rolled over'],
  ])
}

async function run(file: string | undefined, options: Options): Promise<void> {
  const associatedData = await associatedDataOf(options)
  await withService(options, async client => {
    const { encode } = await import('@keytether/codec')
    const { readEnvelope, WrappedDataKey } = await import('@keytether/envelope')
    const envelope = await readEnvelope(readStream(file))
    const wrapped = base64(encode(WrappedDataKey, envelope.header.dataKey))
    const { plaintext } = await client.openDataKey({ body: { keys: [...options.key], wrapped } })
    const dataKey = fromBase64(plaintext!)
    try {
      // Of what nobody has authenticated, it is not known whether a terminal can show it.
      await writeStream(options.out, envelope.open({ dataKey, associatedData }))
    } finally {
      dataKey.fill(0)
    }
  })
}
