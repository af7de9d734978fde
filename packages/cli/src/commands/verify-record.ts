/** `keytether verify-record`: whether a service has signed a record, offline. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../output.ts'

interface Options extends OutputOptions {
  readonly key?: string
}

interface Signed {
  readonly record: string
  readonly signature: string
  readonly publicKey: string
}

export function verifyRecord(program: Command): void {
  const command = program
    .command('verify-record')
    .description('Whether a service has signed the record of a token that was retired; needs no service')
    .argument('<file>', 'The record')
    .option('--key <file>', "The service's public key, PEM; default: the one in the record, which is only shown")
  outputOptions(command).action(run)
  examples(command, [['keytether verify-record retired.json --key service.pem', 'signed by this service']])
}

async function run(file: string, options: Options): Promise<void> {
  const { record, signature, publicKey } = read(await readFile(file, 'utf8'), file)
  const key = keyOf(options.key === undefined ? publicKey : await readFile(options.key, 'utf8'), options.key ?? file)
  if (!verify(null, Buffer.from(record), key, Buffer.from(signature, 'base64'))) {
    throw new CliError('failed', `${file}: the signature is not one of this key over this record`)
  }
  const content = JSON.parse(record)
  const fingerprint = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  report(options, { ...content, key: { sha256: fingerprint, given: options.key !== undefined } }, () => [
    ...fields([
      ['Device', printable(String(content.device?.path))],
      ['Retired', `${content.retiredAt} by ${printable(String(content.retiredBy?.name))}`],
      ['Was on it', content.before?.words?.map((line: string) => printable(line)).join('\n') || 'nothing'],
      ['Signed by', `SHA-256 ${fingerprint}`],
    ]),
    ...(options.key === undefined ? ['compare that with the key of your service, or give it with --key'] : []),
  ])
}

function read(text: string, file: string): Signed {
  try {
    const signed = JSON.parse(text)
    if ([signed.record, signed.signature, signed.publicKey].every(value => typeof value === 'string')) return signed
  } catch {
    // Said below.
  }
  throw new CliError('failed', `${file}: wanted a record, as keytether device retire writes it`)
}

function keyOf(pem: string, file: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below.
  }
  throw new CliError('failed', `${file}: wanted an Ed25519 public key, PEM`)
}
