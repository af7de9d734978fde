/** `keytether key certify`. */
import { type Command, InvalidArgumentError } from 'commander'
import { writeContent } from '../../bytes-io.ts'
import { examples } from '../../examples.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { collect, whole } from './options.ts'

type Subject = { type: string; value: string }[]

interface Options extends ServiceOptions {
  readonly subject: Subject
  readonly dns?: string[]
  readonly email?: string[]
  readonly ip?: string[]
  readonly uri?: string[]
  readonly pss?: true
  readonly keyVersion?: number
  readonly out?: string
}

export function certify(key: Command): void {
  const command = key
    .command('certify')
    .description('Have it sign a certification request, PKCS #10: for an authority to issue a certificate')
    .argument('<key>', 'Its name or id')
    .requiredOption('--subject <name>', 'As openssl takes it: /C=LU/O=Example/CN=www.example.com', subject)
    .option('--dns <name>', 'A host name that it is for; once for each', collect)
    .option('--email <address>', 'A mail address that it is for; once for each', collect)
    .option('--ip <address>', 'An IP address that it is for; once for each', collect)
    .option('--uri <uri>', 'A URI that it is for; once for each', collect)
    .option('--pss', 'An RSA key signs with PSS')
    .option('--key-version <number>', 'This version; default the primary one', whole(1, 1_000_000))
    .option('--out <file>', 'Write to a file instead of standard output')
  serviceOptions(command).action(run)
  examples(command, [
    ['keytether key certify web --subject /CN=www.example.com --dns www.example.com --out web.csr', ''],
  ])
}

async function run(
  key: string,
  { subject, dns, email, ip, uri, pss, keyVersion: version, out, ...options }: Options,
): Promise<void> {
  const body = {
    ...{ subject, pss: pss === true },
    ...(dns && { dnsNames: dns }),
    ...(email && { emailAddresses: email }),
    ...(ip && { ipAddresses: ip }),
    ...(uri && { uris: uri }),
    ...(version !== undefined && { version }),
  }
  const { request } = await withService(options, client => client.requestCertificate({ params: { key }, body }))
  await writeContent(out, request)
}

/** `\/` is a slash in a value. */
function subject(text: string): Subject {
  const parts = text.split(/(?<!\\)\//)
  const pairs = parts.slice(1).map(part => /^([A-Za-z]+)=(.+)$/s.exec(part.replaceAll('\\/', '/')))
  if (parts[0] !== '' || pairs.length === 0 || pairs.includes(null)) {
    throw new InvalidArgumentError('Wanted /TYPE=VALUE/TYPE=VALUE, as /O=Example/CN=www.example.com.')
  }
  return pairs.map(pair => ({ type: pair![1]!, value: pair![2]! }))
}
