/** What the service is configured with: the file as an administrator writes it, and what becomes of it. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { Certificate, cardContactRoots, type TrustRoot } from '@keytether/card'
import { decode } from '@keytether/codec'
import type { DevicesOptions, MasterKey } from '@keytether/hsm'
import { z } from 'zod'
import { ConfigError } from './errors.ts'
import { type LogLevel, logLevels } from './log.ts'
import { type Environment, masterKeySetting } from './master-key-setting.ts'

/** PEM texts. */
export interface TlsConfig {
  readonly certificate: string
  readonly key: string
  /** Whether clients are asked for certificates, which those of tenants' authorities may be; default: where there are `clientAuthorities`. */
  readonly clientCertificates?: boolean | undefined
  /** Authorities whose client certificates are accepted for the tenant main. */
  readonly clientAuthorities?: string | undefined
  /** Only these of them, by their SHA-256 fingerprints as 64 upper-case hexadecimal digits. */
  readonly clientFingerprints?: readonly string[] | undefined
}

/** Servers decide that once, for all connections. */
export function asksForCertificates({ clientCertificates, clientAuthorities }: TlsConfig): boolean {
  return clientCertificates ?? clientAuthorities !== undefined
}

export interface ServiceConfig {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly tls?: TlsConfig | undefined
  /** Where browsers reach it, as `https://hsm.example.com`; none: there are no passkeys. */
  readonly url?: string | undefined
  /** Whoever presents one of these may use the API, as of the tenant main. */
  readonly tokens: readonly string[]
  /** Whoever presents one of these makes tenants. */
  readonly rootTokens?: readonly string[] | undefined
  /** Addresses and networks of proxies, which are believed when they say where a request comes from. */
  readonly proxies?: readonly string[] | undefined
  /** A URL; default: a database that ends with the process. */
  readonly database?: string | undefined
  /** What opens the secrets in it; none: somebody gives it later. */
  readonly masterKey?: MasterKey | undefined
  readonly devices: DevicesOptions
  /** How long it goes on with requests after it was told to end, and says that it is not ready. */
  readonly drainMs?: number | undefined
}

interface LogConfig {
  readonly level: LogLevel
  /** None: standard error. */
  readonly file: string | undefined
}

export interface Configuration {
  readonly config: ServiceConfig
  readonly log: LogConfig
}

/**
 * Tokens are secrets that a machine made: what is shorter, somebody thought of.
 *
 * @see RFC 6750, 2.1
 */
const token = z
  .string()
  .min(16, 'wanted a token of at least 16 characters')
  .regex(/^[A-Za-z0-9._~+/-]*=*$/, 'wanted a token of letters, digits and . _ ~ + / - that may end with =')

const fingerprint = z
  .string()
  .transform(text => text.replaceAll(':', '').toUpperCase())
  .refine(text => /^[0-9A-F]{64}$/.test(text), 'wanted a SHA-256 fingerprint of 64 hexadecimal digits')

const range = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'wanted an address or a network, as 10.0.0.7 or 10.0.0.0/8',
)
const url = z
  .url('wanted a URL, as https://hsm.example.com')
  .refine(isForPasskeys, 'wanted a URL as https://hsm.example.com: with a name, no path, and TLS or localhost')

/** Browsers make passkeys for names, and only where nobody listens on the way. */
function isForPasskeys(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, origin } = new URL(text)
  const isName = isIP(hostname) === 0 && !hostname.startsWith('[')
  return (
    isName &&
    text.replace(/\/$/, '') === origin &&
    (protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost'))
  )
}

/** The file's settings. Names of files are relative to `folder`. */
function configFile(folder: string, environment: Environment) {
  const content = z.string('wanted the name of a file').transform((name, context): Buffer => {
    try {
      return readFileSync(resolve(folder, name))
    } catch (error) {
      return mistake(context, `cannot read ${name}: ${(error as NodeJS.ErrnoException).code}`)
    }
  })
  // Many are secrets, of which no more copies are to be in memory than have to.
  const text = content.transform(bytes => {
    const read = bytes.toString('utf8')
    bytes.fill(0)
    return read
  })
  const lines = text.transform(all => all.split(/\r?\n/).filter(line => line !== '' && !line.startsWith('#')))

  const root = content.transform((bytes, context): TrustRoot => {
    try {
      return { kind: 'own', certificate: decode(Certificate, bytes) }
    } catch (error) {
      return mistake(context, `wanted a card verifiable certificate: ${(error as Error).message}`)
    }
  })

  const pins = text.transform((json, context) => {
    try {
      return z.record(z.string(), z.string().regex(/^.{6,16}$/)).parse(JSON.parse(json))
    } catch {
      // What exactly is wrong could only be said with what stands there.
      return mistake(context, 'wanted a JSON object of device ids and their PINs of 6 to 16 characters')
    }
  })

  const database = z
    .string()
    .regex(/^(sqlite:.|postgres(ql)?:\/\/.)/, 'wanted sqlite:FILE or postgres://USER@HOST/DATABASE')
    .transform(url =>
      url.startsWith('sqlite:') && url !== 'sqlite::memory:' ? `sqlite:${resolve(folder, url.slice(7))}` : url,
    )

  const tls = z
    .strictObject({
      certificate: text,
      key: text,
      clientCertificates: z.boolean().optional(),
      clientAuthorities: text.optional(),
      clientFingerprints: z.array(fingerprint).min(1).optional(),
    })
    .superRefine(({ certificate, key, clientAuthorities, clientFingerprints }, context) => {
      try {
        createSecureContext({ cert: certificate, key })
      } catch (error) {
        mistake(context, `certificate and key cannot be used together: ${(error as Error).message}`)
      }
      try {
        if (clientAuthorities !== undefined) new X509Certificate(clientAuthorities)
      } catch {
        mistake(context, 'clientAuthorities: wanted certificates in PEM form')
      }
      if (clientFingerprints !== undefined && clientAuthorities === undefined) {
        mistake(context, 'clientFingerprints: of certificates by which authority? Give clientAuthorities, too')
      }
    })

  return z.strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65535).default(8080),
    tls: tls.optional(),
    proxies: z.array(range).optional(),
    url: url.optional(),
    /** One token a line. */
    tokens: lines.pipe(z.array(token)).optional(),
    rootTokens: lines.pipe(z.array(token)).optional(),
    database: database.prefault('sqlite:keytether.db'),
    masterKey: masterKeySetting(text, environment).optional(),
    roots: z
      .strictObject({
        /** CardContact's root of the devices sold. */
        production: z.boolean().default(true),
        /** CardContact's root of test devices. */
        test: z.boolean().default(false),
        own: z.array(root).default([]),
      })
      .prefault({}),
    devices: z
      .strictObject({
        allowed: z.array(z.string()).optional(),
        pins: pins.optional(),
        /** Whose a genuine device is that dials in: whoever claims it, or the tenant main. */
        admit: z.enum(['claimed', 'genuine']).default('claimed'),
      })
      .prefault({}),
    log: z.enum(logLevels).default('info'),
    /** Default: standard error. */
    logFile: z
      .string()
      .min(1)
      .transform(name => resolve(folder, name))
      .optional(),
    /** Seconds between an end that was asked for and the first request that is turned away. */
    drain: z.int().min(0).max(600).default(0),
  })
}

/**
 * Reads a configuration with the files that it names, and the token in `KEYTETHER_TOKEN`, if there is one.
 *
 * @param settings the configuration file's content, parsed
 * @param folder where its relative file names start
 * @throws ConfigError with every mistake that was found
 */
export function readConfig(settings: unknown, folder: string, environment: Environment = process.env): Configuration {
  const parsed = configFile(folder, environment).safeParse(settings)
  const extra = token.optional().safeParse(environment.KEYTETHER_TOKEN)
  const mistakes = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')),
    ...(extra.error?.issues ?? []).map(({ message }) => `KEYTETHER_TOKEN: ${message}`),
  ]
  if (!parsed.success || !extra.success) throw new ConfigError(mistakes)
  const { host, port, tls, url, proxies, roots, devices, log, logFile, drain, rootTokens, database, masterKey } =
    parsed.data
  const tokens = [...(parsed.data.tokens ?? []), ...(extra.data === undefined ? [] : [extra.data])]
  const trusted = [...cardContactRoots.filter(({ kind }) => kind !== 'own' && roots[kind]), ...roots.own]
  if (trusted.length === 0) mistakes.push('roots: no device could be trusted, name at least one')
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const access = { proxies, tokens, rootTokens }
  const life = { database, masterKey, devices: devicesOptions(trusted, devices), drainMs: drain * 1_000 }
  const config = { host, port, tls, url, ...access, ...life }
  return { config, log: { level: log, file: logFile } }
}

function devicesOptions(
  roots: readonly TrustRoot[],
  { allowed, pins, admit }: z.output<ReturnType<typeof configFile>>['devices'],
): DevicesOptions {
  const bytes = Object.entries(pins ?? {}).map(([id, pin]) => [id, new TextEncoder().encode(pin)] as const)
  return { roots, pins: new Map(bytes), admit, ...(allowed && { allowed }) }
}

function mistake(context: z.core.$RefinementCtx, message: string): never {
  context.issues.push({ code: 'custom', message, input: undefined })
  return z.NEVER
}
