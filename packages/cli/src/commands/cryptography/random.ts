/** `keytether random`. */
import type { Command } from 'commander'
import { type BytesOptions, bytesOptions, writeBytes } from '../../bytes-io.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { fromBase64 } from './key-option.ts'

type Options = ServiceOptions & BytesOptions & { readonly group?: string }

export function random(program: Command): void {
  const command = program
    .command('random')
    .description('Random bytes of the tokens of a service, mixed with those of the service')
    .argument('[length]', 'How many bytes, up to 65536', '32')
    .option('--group <name>', 'The group of the tokens; default any')
  bytesOptions(serviceOptions(command), 'hex').action(run)
  examples(command, [['keytether random 32 --format base64', 'a secret']])
}

async function run(text: string, options: Options): Promise<void> {
  const length = Number(text)
  if (!/^\d+$/.test(text) || length < 1 || length > 65_536)
    throw new CliError('usage', `wanted a number of bytes from 1 to 65536, got ${text}`)
  const { group } = options
  const { random } = await withService(options, client =>
    client.random({ body: { length, ...(group !== undefined && { group }) } }),
  )
  await writeBytes(options, fromBase64(random))
}
