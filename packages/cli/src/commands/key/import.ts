/** `keytether key import`. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { readShares, type ShareOptions, shareOptions } from '../../share-input.ts'
import { type KeyPasswordOptions, keyPasswordOptions } from '../../transfer/key-file-password.ts'
import { readKeyFiles } from '../../transfer/key-files.ts'
import { refuseTwice } from '../card/domain/import.ts'
import { type NewKeyOptions, newKeyOptions, newKeySettings } from './options.ts'
import { keyLine } from './words.ts'

interface Options extends ServiceOptions, OutputOptions, NewKeyOptions, ShareOptions, KeyPasswordOptions {
  readonly activate: boolean
}

export function importKey(key: Command): void {
  const command = key
    .command('import')
    .description('Take in a key that was made elsewhere; it is wrapped here, so the service never sees it')
    .argument('<name>', 'What it is called')
    .argument(
      '<file>',
      'As `card wrap` and sc-hsm-tool write it; with --share PKCS #12, PEM, PKCS #8, PKCS #1 or SEC 1',
    )
    .option('--no-activate', 'It cannot be used before `key activate`')
  outputOptions(serviceOptions(newKeyOptions(shareOptions(keyPasswordOptions(command))))).action(run)
  examples(command, [
    ['keytether key import web web.wrapped --group pair', 'wrapped by a token of the same key domain'],
    ['keytether key import web web.p12 --group pair --share web-1.pbe --share web-2.pbe', 'wrapped here'],
  ])
}

async function run(name: string, file: string, options: Options): Promise<void> {
  const imported = await withService(options, async (client, signal) => {
    const wrapped = options.share === undefined ? await readFile(file) : await wrap(file, options, signal)
    const { activate } = options
    const body = { name, wrapped: Buffer.from(wrapped).toString('base64'), activate, ...newKeySettings(options) }
    return client.importKey({ body })
  })
  report(options, imported, () => [keyLine(imported)])
}

/** In the format of sc-hsm-tool. The key is in the clear only here. */
async function wrap(file: string, options: Options, signal: AbortSignal): Promise<Uint8Array> {
  const { keys } = await readKeyFiles([file], options)
  const [key, ...others] = keys
  if (key === undefined || others.length > 0) {
    throw new CliError('usage', `wanted a file with one key, ${file} has ${keys.length}`)
  }
  const { combineShares, keyEncryptionKey } = await import('@keytether/card')
  const { wrappedKeyFile } = await import('../../transfer/wrapped-key-file.ts')
  const shares = await readShares(options, signal)
  refuseTwice(shares, options.share ?? [])
  const secret = combineShares(shares)
  const kek = keyEncryptionKey(secret)
  try {
    return await wrappedKeyFile(key, kek)
  } finally {
    for (const each of [secret, kek.encryption, kek.authentication, ...shares]) each.fill(0)
  }
}
