/** `keytether card generate`. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { keyDocument, keyId, keyType } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'

interface GenerateOptions extends CardOptions, LoginOptions, OutputOptions {
  readonly ec?: string
  readonly rsa?: number
  readonly label: string
  readonly id?: string
}

export function generate(card: Command): void {
  const command = card
    .command('generate')
    .description('Make a key pair on the card; the private key never leaves it')
    .addOption(
      new Option('--ec <curve>', 'An elliptic curve key: secp256r1, brainpoolP256r1, secp256k1, …').conflicts('rsa'),
    )
    .addOption(new Option('--rsa <bits>', 'An RSA key of 1024 to 4096 bits').argParser(rsaBits))
    .requiredOption('--label <text>', 'What to call the key')
    .option('--id <hex>', 'PKCS #15 iD; default: a hash of the public key')
  outputOptions(loginOptions(cardOptions(command))).action(make)
  examples(command, [
    ['keytether card generate --ec secp256r1 --label web', 'asks for the PIN'],
    ['keytether card generate --rsa 2048 --label mail --pin-file pin', 'takes it from a file'],
  ])
}

async function make(options: GenerateOptions): Promise<void> {
  const spec = await keySpec(options)
  const id = options.id === undefined ? undefined : await hexId(options.id)
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const key = await device.generateKeyPair(spec, { label: options.label, ...(id && { id }) })
    report(options, keyDocument(key), () => [`key ${key.reference}: ${keyType(key)}, ${key.label}, id ${keyId(key)}`])
  })
}

async function keySpec({
  ec,
  rsa,
}: GenerateOptions): Promise<{ kind: 'ec'; curve: string } | { kind: 'rsa'; bits: number }> {
  if (rsa !== undefined) return { kind: 'rsa', bits: rsa }
  if (ec === undefined) throw new CliError('usage', 'which kind of key?', ['add --ec secp256r1 or --rsa 2048'])
  const { curves } = await import('@keytether/card')
  const wanted = curves.find(({ name, nodeName }) =>
    [name, nodeName].some(known => known.toLowerCase() === ec.toLowerCase()),
  )
  if (wanted) return { kind: 'ec', curve: wanted.name }
  throw new CliError('usage', `there is no curve ${ec}`, [`there is ${curves.map(({ name }) => name).join(', ')}`])
}

async function hexId(text: string): Promise<Uint8Array> {
  if (!/^([0-9a-f]{2})+$/i.test(text))
    throw new CliError('usage', `the id ${text} is not an even number of hexadecimal digits`)
  const { fromHex } = await import('@keytether/codec')
  return fromHex(text)
}

function rsaBits(text: string): number {
  const bits = Number(text)
  if (!Number.isInteger(bits) || bits < 1024 || bits > 4096) throw new InvalidArgumentError('Wanted 1024 to 4096.')
  return bits
}
