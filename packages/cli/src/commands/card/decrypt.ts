/** `keytether card decrypt`. */
import type { KeyInfo, SmartCardHsm } from '@keytether/driver'
import { type Command, Option } from 'commander'
import { type BytesOptions, bytesOptions, readContent, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { type CbcOptions, cbcOptions, givenIv, removePadding, splitIv, wholeBlocks } from '../../cbc.ts'
import { CliError } from '../../errors.ts'
import { findKey } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

const hashes = ['sha1', 'sha256', 'sha384', 'sha512'] as const

interface DecryptOptions extends CardOptions, LoginOptions, BytesOptions, CbcOptions {
  readonly scheme: 'PKCS1' | 'OAEP'
  readonly hash: (typeof hashes)[number]
}

export function decrypt(card: Command): void {
  const command = card
    .command('decrypt')
    .description('Decrypt with an RSA key, or with an AES key in CBC mode')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', 'The cryptogram; default standard input')
    .addOption(new Option('--scheme <scheme>', 'Padding of RSA').choices(['PKCS1', 'OAEP']).default('OAEP'))
    .addOption(new Option('--hash <name>', 'Hash function of OAEP').choices(hashes).default('sha256'))
  cbcOptions(command, 'the cryptogram begins with it')
  bytesOptions(loginOptions(cardOptions(command)), 'raw').action(run)
}

async function run(name: string, file: string | undefined, options: DecryptOptions): Promise<void> {
  const cryptogram = await readContent(file)
  await withCard(options, async (device, signal) => {
    const key = await findKey(device, name)
    if (key.kind === 'EC') throw new CliError('usage', `${key.label} is an EC key, which does not decrypt`)
    const plan = key.kind === 'AES' ? await cbc(options, cryptogram) : await rsa(options, cryptogram)
    await login(device, options, signal)
    await writeBytes(options, await plan(device, key))
  })
}

type Plan = (device: SmartCardHsm, key: KeyInfo) => Promise<Uint8Array>

async function rsa(options: DecryptOptions, cryptogram: Uint8Array): Promise<Plan> {
  if (await givenIv(options)) throw new CliError('usage', 'an initialisation vector is for AES, and this is an RSA key')
  const scheme =
    options.scheme === 'OAEP' ? ({ kind: 'OAEP', hash: options.hash } as const) : ({ kind: 'PKCS1' } as const)
  return (device, key) => device.decrypt(key, scheme, cryptogram)
}

async function cbc(options: DecryptOptions, content: Uint8Array): Promise<Plan> {
  const given = await givenIv(options)
  const [iv, cryptogram] = given ? [given, content] : splitIv(content)
  const blocks = wholeBlocks(cryptogram, 'the cryptogram')
  return async (device, key) => {
    const plain = await device.secretKeys.decryptCbc(key, iv, blocks)
    return options.padding ? removePadding(plain) : plain
  }
}
