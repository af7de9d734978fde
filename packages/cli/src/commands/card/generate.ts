/** `keytether card generate`. */
import type { KeyDomainInfo, KeySpec } from '@keytether/driver'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { algorithmList, type LimitOptions, limitOptions } from '../../algorithms.ts'
import { hexBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { exportWords, keyDocument, keyId, keyType } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { attestKey } from './attest.ts'

interface GenerateOptions extends CardOptions, LoginOptions, OutputOptions, LimitOptions {
  readonly ec?: string
  readonly rsa?: number
  readonly aes?: 128 | 192 | 256
  readonly label: string
  readonly id?: string
  readonly attestation?: string
}

export function generate(card: Command): void {
  const command = card
    .command('generate')
    .description('Make a key on the card')
    .addOption(
      new Option('--ec <curve>', 'An elliptic curve key: secp256r1, brainpoolP256r1, secp256k1, …').conflicts('rsa'),
    )
    .addOption(new Option('--rsa <bits>', 'An RSA key of 1024 to 4096 bits').argParser(rsaBits))
    .addOption(
      new Option('--aes <bits>', 'An AES key of 128, 192 or 256 bits').argParser(aesBits).conflicts(['ec', 'rsa']),
    )
    .requiredOption('--label <text>', 'What to call the key')
    .option('--id <hex>', 'PKCS #15 iD; default: a hash of the public key, or random')
    .addOption(
      new Option(
        '--attestation <file>',
        'Also write what shows that the key pair was made in this device, as `card attest` does',
      ).conflicts('aes'),
    )
  outputOptions(loginOptions(cardOptions(limitOptions(command)))).action(make)
  examples(command, [
    ['keytether card generate --ec secp256r1 --label web', 'asks for the PIN'],
    ['keytether card generate --rsa 2048 --label mail --pin-file pin', 'takes it from a file'],
    ['keytether card generate --aes 256 --label files', 'an AES key, which can leave the card if it has a key domain'],
    [
      'keytether card generate --aes 128 --label macs --algorithm aes-cmac --uses 1000',
      'for MACs only, and a thousand',
    ],
    ['keytether card generate --ec secp256r1 --label root --not-exportable', 'one that never leaves the card'],
  ])
}

type Spec = KeySpec | { readonly kind: 'aes'; readonly bits: 128 | 192 | 256 }

async function make(options: GenerateOptions): Promise<void> {
  const spec = await keySpec(options)
  const id = options.id === undefined ? undefined : await hexBytes(options.id, 'the id')
  const algorithms = await algorithmList(options, kinds[spec.kind])
  const attributes = {
    label: options.label,
    ...(id && { id }),
    ...(algorithms && { algorithms }),
    ...(options.uses !== undefined && { useCounter: options.uses }),
    ...(options.domain !== undefined && { keyDomain: options.domain }),
  }
  await withCard(options, async (device, signal) => {
    const { keyDomains } = await device.inventory()
    if (options.exportable) checkDomain(options.domain ?? 0, keyDomains)
    await login(device, options, signal)
    const key =
      spec.kind === 'aes'
        ? await device.secretKeys.generate(spec.bits, attributes)
        : await device.generateKeyPair(spec, attributes)
    const words = await exportWords(key, keyDomains)
    report(options, await keyDocument(key, keyDomains), () => [
      `key ${key.reference}: ${keyType(key)}, ${key.label}, id ${keyId(key)}`,
      words === 'no' ? 'it cannot leave the card' : `it can leave the card: ${words}`,
    ])
    if (options.attestation !== undefined) await attestKey(device, key, options.attestation)
  })
}

const kinds = { ec: 'EC', rsa: 'RSA', aes: 'AES' } as const

/** A key cannot be put into a domain later. */
function checkDomain(index: number, domains: readonly KeyDomainInfo[]): void {
  if (domains.some(each => each.index === index)) return
  throw new CliError('failed', `the device has no key domain ${index}, under which the key could leave it`, [
    'a device gets key domains when it is initialised: `keytether card initialize --dkek-shares`',
  ])
}

async function keySpec({ ec, rsa, aes }: GenerateOptions): Promise<Spec> {
  if (aes !== undefined) return { kind: 'aes', bits: aes }
  if (rsa !== undefined) return { kind: 'rsa', bits: rsa }
  if (ec === undefined) {
    throw new CliError('usage', 'which kind of key?', ['add --ec secp256r1, --rsa 2048 or --aes 256'])
  }
  const { curves } = await import('@keytether/card')
  const wanted = curves.find(({ name, nodeName }) =>
    [name, nodeName].some(known => known.toLowerCase() === ec.toLowerCase()),
  )
  if (wanted) return { kind: 'ec', curve: wanted.name }
  throw new CliError('usage', `there is no curve ${ec}`, [`there is ${curves.map(({ name }) => name).join(', ')}`])
}

function rsaBits(text: string): number {
  const bits = Number(text)
  if (!Number.isInteger(bits) || bits < 1024 || bits > 4096) throw new InvalidArgumentError('Wanted 1024 to 4096.')
  return bits
}

function aesBits(text: string): 128 | 192 | 256 {
  const bits = ([128, 192, 256] as const).find(each => String(each) === text)
  if (bits === undefined) throw new InvalidArgumentError('Wanted 128, 192 or 256.')
  return bits
}
