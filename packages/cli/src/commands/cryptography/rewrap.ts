/** `keytether rewrap`. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { readStream, writeStream } from '../../stream-io.ts'
import { base64, fromBase64, type KeyOptions, keyOption } from './key-option.ts'

export function rewrap(program: Command): void {
  const command = program
    .command('rewrap')
    .description('Wrap the data key of an encrypted file under another key. What is encrypted stays as it is')
    .argument('<file>', 'What encrypt made; it is replaced')
  keyOption(command, 'Keys of the service: the first is for from now on, one of the others for until now')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [
    ['keytether rewrap document.enc --key files-2027 files-2026', 'the old key is not needed for it any more'],
    ['keytether data-keys files-2026', 'whether anything still needs the old key'],
  ])
}

async function run(file: string, options: ServiceOptions & KeyOptions & OutputOptions): Promise<void> {
  const { dataKey, from, to } = await withService(options, async client => {
    const { decode, encode } = await import('@keytether/codec')
    const { EnvelopeHeader, readEnvelope, WrappedDataKey } = await import('@keytether/envelope')
    const { header, sealed } = await readEnvelope(readStream(file))
    const before = base64(encode(WrappedDataKey, header.dataKey))
    const answer = await client.rewrap({ body: { keys: [...options.key], ciphertext: before } })
    const after = decode(WrappedDataKey, fromBase64(answer.ciphertext))
    await writeStream(file, following(encode(EnvelopeHeader, { ...header, dataKey: after }), sealed))
    return answer
  })
  report(options, { dataKey, from, to }, () =>
    fields([
      ['Data key', dataKey],
      ['Was under', `${from.key}, version ${from.version}`],
      ['Is under', `${to.key}, version ${to.version}`],
    ]),
  )
}

async function* following(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}
