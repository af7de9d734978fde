/** The service that a command turns to, and how it says who it is. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { endpointUrl } from '../address.ts'
import { CliError } from '../errors.ts'
import { storedSession } from './session-file.ts'

export interface ServiceOptions {
  readonly service?: string
  readonly tokenFile?: string
  readonly tokenEnv?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly ca?: readonly string[]
}

export interface ServiceAccess {
  readonly url: string
  readonly token?: string | undefined
  /** Where several tenants trust who has issued the token. */
  readonly tenant?: string | undefined
  /** In place of a token, PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined
  /** Certificates of authorities to trust besides the system's, PEM. */
  readonly authorities: readonly string[]
}

/** Where the demonstration and administrators put them. */
const environment = { url: 'KEYTETHER_URL', token: 'KEYTETHER_TOKEN', tenant: 'KEYTETHER_TENANT' } as const

export function serviceOptions(command: Command): Command {
  return placeOptions(command)
    .option(
      '--token-file <file>',
      `Read the API token from the first line of a file; default: ${environment.token}, or the session of \`keytether login\``,
    )
    .option('--token-env <name>', 'Take the API token from an environment variable')
    .option('--client-cert <file>', 'Show this certificate in place of a token, PEM')
    .option('--client-key <file>', 'Its private key, PEM')
}

/** For commands with which somebody logs in. */
export function placeOptions(command: Command): Command {
  return command
    .option('--service <url>', `The service; default: what ${environment.url} says`, endpointUrl)
    .option('--ca <file...>', "Also trust these authorities for the service's certificate, PEM")
}

/** With nothing that says who asks. */
export async function servicePlace(options: ServiceOptions): Promise<ServiceAccess> {
  const url = options.service ?? process.env[environment.url]
  if (url === undefined) throw new CliError('usage', 'which service?', [`add --service URL, or set ${environment.url}`])
  const authorities = await Promise.all((options.ca ?? []).map(file => readFile(file, 'utf8')))
  // The addresses for tokens and for applications lead to the service, too.
  return { url: url.replace(/\/+$/, '').replace(/\/(rt\/hsm|se\/api)$/, ''), authorities }
}

export async function serviceAccess(options: ServiceOptions): Promise<ServiceAccess> {
  const place = await servicePlace(options)
  const clientCertificate = await givenCertificate(options)
  const wantsToken =
    clientCertificate === undefined || options.tokenFile !== undefined || options.tokenEnv !== undefined
  const tenant = process.env[environment.tenant]
  return { ...place, token: wantsToken ? await givenToken(options, place.url) : undefined, tenant, clientCertificate }
}

async function givenCertificate({
  clientCert,
  clientKey,
}: ServiceOptions): Promise<ServiceAccess['clientCertificate']> {
  if (clientCert === undefined && clientKey === undefined) return undefined
  if (clientCert === undefined || clientKey === undefined) {
    throw new CliError('usage', '--client-cert and --client-key go together: give both')
  }
  return { certificate: await readFile(clientCert, 'utf8'), key: await readFile(clientKey, 'utf8') }
}

async function givenToken({ tokenFile, tokenEnv }: ServiceOptions, url: string): Promise<string> {
  const text =
    tokenFile === undefined
      ? (process.env[tokenEnv ?? environment.token] ?? (tokenEnv === undefined ? await storedSession(url) : undefined))
      : (await readFile(tokenFile, 'utf8')).split(/\r?\n/, 1)[0]!
  if (text === undefined) {
    const name = tokenEnv ?? environment.token
    throw new CliError('pin', `there is no environment variable ${name} to take the API token from`, [
      'give it with --token-file or --token-env',
      `or sign in: \`keytether login --service ${url}\``,
    ])
  }
  // What cannot be sent is not to be quoted by who refuses to send it.
  if (!/^[\x21-\x7e]+$/.test(text)) throw new CliError('pin', 'this cannot be an API token: wanted one word of ASCII')
  return text
}
