/** `keytether key create`. */
import { type Command, Option } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { type NewKeyOptions, newKeyOptions, newKeySettings, whole } from './options.ts'
import { keyLine } from './words.ts'

interface Options extends ServiceOptions, OutputOptions, NewKeyOptions {
  readonly ec?: string
  readonly rsa?: number
  readonly aes?: number
  readonly algorithm?: readonly string[]
  readonly uses?: number
  readonly notExportable?: true
  readonly activate: boolean
}

export function create(key: Command): void {
  const command = key
    .command('create')
    .description('Make a key; the same command again waits for one that is not durable yet')
    .argument('<name>', 'What it is called')
    .addOption(
      new Option('--ec <curve>', 'An elliptic curve key: secp256r1, brainpoolP256r1, …').conflicts(['rsa', 'aes']),
    )
    .addOption(
      new Option('--rsa <bits>', 'An RSA key of 1024 to 4096 bits').argParser(whole(1024, 4096)).conflicts('aes'),
    )
    .addOption(new Option('--aes <bits>', 'An AES key of 128, 192 or 256 bits').argParser(whole(128, 256)))
    .option('--algorithm <names...>', 'What it may be used for, such as ecdsa or aes-cmac; default everything')
    .option('--uses <count>', 'How often each version may be used; default without end', whole(1, 0xfffffffe))
    .option('--not-exportable', 'It never leaves the token that makes it, so one token is all that holds it')
    .option('--no-activate', 'It cannot be used before `key activate`')
  outputOptions(serviceOptions(newKeyOptions(command))).action(run)
  examples(command, [
    ['keytether key create web --group pair --ec secp256r1', 'on two tokens before it is told of'],
    ['keytether key create files --group pair --aes 256 --rotate-after 365 --tag archive', 'rotated every year'],
  ])
}

async function run(name: string, options: Options): Promise<void> {
  const { algorithm, uses, notExportable, activate } = options
  const body = {
    ...{ name, ...newKeySettings(options), activate, exportable: !notExportable },
    ...(algorithm && { algorithms: algorithm.flatMap(each => each.split(',')) }),
    ...(uses !== undefined && { useCounter: uses }),
    ...typeOf(options),
  }
  const made = await withService(options, client => client.createKey({ body }))
  report(options, made, () => [keyLine(made)])
}

function typeOf({ ec, rsa, aes }: Options) {
  if (ec !== undefined) return { kind: 'EC', curve: ec } as const
  if (rsa !== undefined) return { kind: 'RSA', bits: rsa } as const
  if (aes !== undefined) return { kind: 'AES', bits: aes } as const
  throw new CliError('usage', 'which type of key?', ['add --ec CURVE, --rsa BITS or --aes BITS'])
}
