/** `keytether key certificate`. */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { writeContent } from '../../bytes-io.ts'
import { CliError } from '../../errors.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { whole } from './options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly keyVersion?: number
  readonly store?: string
  readonly out?: string
}

export function certificate(key: Command): void {
  const command = key
    .command('certificate')
    .description('Print its certificate, or store one: at the service and on every token that holds the key')
    .argument('<key>', 'Its name or id')
    .option('--key-version <number>', 'Of this version; default the primary one', whole(1, 1_000_000))
    .option('--store <file>', 'The certificate to store, PEM or DER')
    .addOption(new Option('--out <file>', 'Write it to a file instead of standard output').conflicts('store'))
  outputOptions(serviceOptions(command)).action(run)
}

async function run(key: string, { keyVersion: version, store, out, ...options }: Options): Promise<void> {
  const params = { key }
  const chosen = version === undefined ? {} : { version }
  if (store === undefined) {
    const found = await withService(options, client => client.getCertificate({ params, query: chosen }))
    if (options.json) report(options, found, () => [])
    else await writeContent(out, found.certificate)
    return
  }
  const pem = await readPem(store)
  const stored = await withService(options, client =>
    client.putCertificate({ params, body: { certificate: pem, ...chosen } }),
  )
  report(options, stored, () => [
    `${printable(key)}, version ${stored.version}: stored on ${printable(stored.devices.join(', ')) || 'no token yet'}`,
  ])
}

async function readPem(file: string): Promise<string> {
  const content = await readFile(file)
  try {
    return new X509Certificate(content).toString()
  } catch (cause) {
    throw new CliError('failed', `${file} is no X.509 certificate`, [], { cause })
  }
}
