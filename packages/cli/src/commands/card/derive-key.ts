/** `keytether card derive-key`. */
import { type Command, Option } from 'commander'
import { hexBytes, readContent } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { findKey, keyDocument, keyId, keyType } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'

interface DeriveKeyOptions extends CardOptions, LoginOptions, OutputOptions {
  readonly parameter?: string
  readonly parameterFile?: string
  readonly label: string
  readonly id?: string
}

export function deriveKey(card: Command): void {
  const command = card
    .command('derive-key')
    .description('Make an EC key on the card out of another one, by adding a number to it')
    .argument('<key>', 'Label, id or reference of the EC key')
    .addOption(new Option('--parameter <hex>', 'The number, big-endian').conflicts('parameterFile'))
    .option('--parameter-file <file>', 'The file with its bytes')
    .requiredOption('--label <text>', 'What to call the new key')
    .option('--id <hex>', 'PKCS #15 iD; default: a hash of the public key')
  outputOptions(loginOptions(cardOptions(command))).action(run)
  examples(command, [
    ['keytether card derive-key web --parameter 0102030405060708 --label web-1', 'a key for one purpose'],
  ])
}

async function run(name: string, options: DeriveKeyOptions): Promise<void> {
  const parameter = await readParameter(options)
  const id = options.id === undefined ? undefined : await hexBytes(options.id, 'the id')
  await withCard(options, async (device, signal) => {
    const { keyDomains } = await device.inventory()
    const key = await findKey(device, name)
    if (key.kind !== 'EC') throw new CliError('usage', `${key.label} is no EC key`)
    await login(device, options, signal)
    const derived = await device.deriveKey(key, parameter, { label: options.label, ...(id && { id }) })
    report(options, await keyDocument(derived, keyDomains), () => [
      `key ${derived.reference}: ${keyType(derived)}, ${derived.label}, id ${keyId(derived)}, derived from ${printable(key.label)}`,
    ])
  })
}

async function readParameter({ parameter, parameterFile }: DeriveKeyOptions): Promise<Uint8Array> {
  if (parameter !== undefined) return await hexBytes(parameter, 'the parameter')
  if (parameterFile !== undefined) return await readContent(parameterFile)
  throw new CliError('usage', 'by which number?', ['add --parameter HEX or --parameter-file FILE'])
}
