/** `keytether serve`: the service. */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { MigrationPlan } from '@keytether/hsm'
import type { Configuration, LogFile, Service, ServiceConfig } from '@keytether/server'
import { type Command, Option } from 'commander'
import { type Address, address } from '../address.ts'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { aborted, interruption } from '../interrupt.ts'
import { type OutputOptions, outputOptions, type Report, reporter } from '../output.ts'
import { type TrustOptions, trustOptions } from '../trust.ts'

interface ServeOptions extends OutputOptions, TrustOptions {
  readonly config?: string
  readonly check?: true
  readonly listen?: Address
  readonly database?: string
  readonly masterKeyFile?: string
  readonly tokenFile?: string
  readonly trustTestDevices?: true
  readonly pins?: string
  readonly admit?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly clientCa?: string
  readonly logLevel?: string
  readonly logFile?: string
}

export function serve(program: Command): void {
  const command = program
    .command('serve')
    .description('Run the service: tokens dial in at /rt/hsm, applications use their keys at /se/api')
    .option('--config <file>', 'Settings in JSON; options win over it')
    .option('--check', 'Only report the mistakes in the settings, and what would be done to the database')
    .option('--listen <host:port>', 'Where to listen; default 127.0.0.1:8080', address)
    .option('--token-file <file>', 'API tokens, one a line; made with a random one if it is not there')
    .option(
      '--database <url>',
      'sqlite:FILE or postgres://USER@HOST/DATABASE; default: keytether.db beside the settings, or here',
    )
    .option(
      '--master-key-file <file>',
      'What opens the secrets in it: 64 hexadecimal digits; without, it starts sealed',
    )
    .option('--trust-test-devices', "Also trust CardContact's root of test devices")
    .option('--pins <file>', 'PINs of devices that dial in locked: a JSON object of device id and PIN')
    .addOption(
      new Option(
        '--admit <which>',
        'Whose tokens are that dial in: of those who claim them, or at once, if genuine, of the tenant main; default claimed',
      ).choices(['claimed', 'genuine']),
    )
    .option('--tls-cert <file>', 'Serve HTTPS with this certificate chain, PEM')
    .option('--tls-key <file>', 'Its private key, PEM')
    .option('--client-ca <file>', 'Accept client certificates of these authorities in place of a token, PEM')
    .addOption(
      new Option('--log-level <level>', 'What to log, as JSON on standard error; default info').choices(logLevels),
    )
  command.option('--log-file <file>', 'Write the log there; SIGHUP opens it anew')
  outputOptions(trustOptions(command), 'Print events as lines of JSON').action(run)
  examples(command, [
    ['keytether serve --token-file token', 'on this machine; clients send the token in that file'],
    [
      'keytether serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem --client-ca ca.pem',
      'for others, who have a certificate',
    ],
    ['KEYTETHER_TOKEN=$(cat token) keytether serve', 'the token from the environment'],
    ['keytether serve --token-file token --trust root.cvc', 'emulated tokens, too'],
    ['keytether serve', 'alone: it prints a secret, with which keytether bootstrap makes the first administrator'],
    ['keytether serve --config service.json --check', 'whether the settings have mistakes'],
    ['keytether serve --token-file token --admit genuine', 'every genuine token that dials in, at once'],
  ])
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

async function run(options: ServeOptions): Promise<void> {
  const { startService } = await import('@keytether/server')
  const report = reporter(options)
  // A terminal that is closed takes with it what was started in it; a service manager asks for the settings to be read again.
  using stop = interruption(process.stdout.isTTY ? undefined : ['SIGINT', 'SIGTERM'])
  if (options.tokenFile !== undefined && !options.check && (await makeToken(options.tokenFile))) {
    report({ event: 'token', file: options.tokenFile }, `made a token in ${options.tokenFile}`)
  }
  const configuration = await configured(options)
  const { config } = configuration
  if (options.check) return check(config, report)
  const output = await openLog(configuration)
  const service = await startService(config, output.log)
  if (!process.stdout.isTTY) reloadOnSignal(options, service, output, report)
  const { url, hsm } = service
  const { name: database } = hsm.store
  const secrets = hsm.vault.state
  report(
    { event: 'ready', url, database, secrets, ram: `${url}/rt/hsm`, api: `${url}/se/api` },
    `tokens dial in at ${url}/rt/hsm`,
  )
  if (!options.json) {
    console.log(`applications use their keys at ${url}/v1 and ${url}/se/api`)
    console.log(`data is in ${database}`)
    if (secrets !== 'open')
      console.log('it is sealed: an administrator gives the master key with keytether service unseal')
  }
  if (service.bootstrapSecret !== undefined) tellHowToBegin(report, url, service.bootstrapSecret)
  await aborted(stop.signal)
  await service.close()
}

async function openLog({ log: { level, file } }: Configuration): Promise<LogFile> {
  const { createLog, openLogFile } = await import('@keytether/server')
  if (file !== undefined) return openLogFile(level, file)
  return { log: createLog(level, process.stderr.fd), reopen: () => {} }
}

/** What is wrong in the settings is told, and everything stays as it is. */
function reloadOnSignal(options: ServeOptions, service: Service, { log, reopen }: LogFile, report: Report): void {
  const reload = async () => {
    reopen()
    try {
      const { config, log: settings } = await configured(options)
      const waiting = await service.reload(config)
      log.level = settings.level
      log.info({ waiting }, 'settings taken')
      report({ event: 'reloaded', waiting }, undefined)
    } catch (error) {
      const { message } = error as Error
      log.error({ mistakes: message }, 'settings not taken, those before stay')
      report({ event: 'not-reloaded', mistakes: message }, undefined)
    }
  }
  let last = Promise.resolve()
  process.on('SIGHUP', () => {
    last = last.then(reload)
  })
}

/** Told here alone: whoever sees what the service prints is whom it belongs to. */
function tellHowToBegin(report: Report, url: string, secret: string): void {
  report(
    { event: 'bootstrap', secret },
    `nobody can log in yet; once, keytether bootstrap --service ${url} makes an administrator with the secret\n${secret}`,
  )
}

async function check({ database = 'sqlite::memory:' }: ServiceConfig, report: Report): Promise<void> {
  const { planMigrations } = await import('@keytether/hsm')
  const plan = await planMigrations(database)
  report({ event: 'checked' }, 'the settings have no mistake')
  report({ event: 'migrations', ...plan }, migrationWords(plan))
}

function migrationWords({ done, pending }: MigrationPlan): string {
  if (pending.length === 0) return 'the database is that of this version'
  if (done.length === 0) return 'the database is new: its tables are made at the start'
  return `the database is that of an older version: the start does ${pending.join(', ')}`
}

async function configured(options: ServeOptions): Promise<Configuration> {
  const { ConfigError, readConfig } = await import('@keytether/server')
  const folder = options.config === undefined ? '.' : dirname(options.config)
  try {
    return readConfig(await settings(options), folder)
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    const { message } = cause
    const meant = Object.entries(optionsOf).filter(([setting]) => message.includes(setting))
    const hints = meant.map(([setting, option]) => `${option} gives ${setting}`)
    throw new CliError('usage', message, hints, { cause })
  }
}

/** Settings by the names that mistakes are told with. */
const optionsOf = {
  tokens: '--token-file',
  database: '--database',
  'masterKey.file': '--master-key-file',
  'tls.certificate': '--tls-cert',
  'tls.key': '--tls-key',
  'tls.clientAuthorities': '--client-ca',
  'roots.own': '--trust',
  'devices.pins': '--pins',
  'devices.admit': '--admit',
} as const

/** The configuration file with the options put over it. */
async function settings(options: ServeOptions): Promise<Record<string, unknown>> {
  const file = options.config === undefined ? {} : await readSettings(options.config)
  const { tls, roots, devices } = file as Record<string, Record<string, unknown> | undefined>
  const own = [...((roots?.own as unknown[] | undefined) ?? []), ...(options.trust ?? []).map(name => resolve(name))]
  const certificate = defined({
    certificate: path(options.tlsCert),
    key: path(options.tlsKey),
    clientAuthorities: path(options.clientCa),
  })
  return {
    ...file,
    ...options.listen,
    ...defined({
      database: database(options.database),
      tokens: path(options.tokenFile),
      log: options.logLevel,
      logFile: path(options.logFile),
    }),
    ...(options.masterKeyFile !== undefined && { masterKey: { file: resolve(options.masterKeyFile) } }),
    ...((tls || Object.keys(certificate).length > 0) && { tls: { ...tls, ...certificate } }),
    roots: { ...roots, own, ...defined({ test: options.trustTestDevices }) },
    devices: { ...devices, ...defined({ pins: path(options.pins), admit: options.admit }) },
  }
}

export async function readSettings(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new CliError('usage', `${file} is not JSON: ${cause.message}`, [], { cause })
  }
}

/** Options name files from where the user is, the configuration file from where it is itself. */
function path(file: string | undefined): string | undefined {
  return file === undefined ? undefined : resolve(file)
}

function database(url: string | undefined): string | undefined {
  const [, file] = /^sqlite:(?!:memory:$)(.+)$/.exec(url ?? '') ?? []
  return file === undefined ? url : `sqlite:${resolve(file)}`
}

function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/** @returns false if there is such a file already */
async function makeToken(file: string): Promise<boolean> {
  try {
    await writeFile(file, `${randomBytes(24).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
