/** `keytether demo`: the service and two emulated tokens in one group, on this machine. */
import { openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { styleText } from 'node:util'
import { type Command, InvalidArgumentError } from 'commander'
import { openDataFolder, writeEnv } from '../demo/data-folder.ts'
import { devicesReady, startDemoService, watchDevices } from '../demo/demo-service.ts'
import { makeGroupAndKeys } from '../demo/group-and-keys.ts'
import { nextSteps } from '../demo/next-steps.ts'
import { prepareTokens } from '../demo/prepare-tokens.ts'
import { startTokenProcess } from '../demo/token-process.ts'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { aborted, interruption } from '../interrupt.ts'
import { lock } from '../lock.ts'
import { fields } from '../output.ts'

interface DemoOptions {
  readonly data: string
  readonly port: number
}

export function demo(program: Command): void {
  const command = program
    .command('demo')
    .description('Show all of it on this machine: the service, and two emulated tokens that dial in')
    .option('--data <dir>', 'Where to keep tokens, database and secrets', folder, 'keytether-data')
    .option('--port <number>', 'Where the service listens on 127.0.0.1', port, 8080)
    .action(run)
  examples(command, [
    ['keytether demo', 'the first start makes two tokens with the same keys, later ones find them'],
    ['keytether demo --data second --port 8081', 'another one beside it'],
  ])
}

/** How long the tokens may take to dial in and become ready. */
const readyMs = 60_000

async function run(options: DemoOptions): Promise<void> {
  using stop = interruption()
  await using ends = new AsyncDisposableStack()
  try {
    await start(options, stop.signal, ends)
    await aborted(stop.signal)
    console.log('\nEnding …')
  } catch (error) {
    throw stop.signal.aborted
      ? new CliError('interrupted', 'interrupted before it was ready', [], { cause: error })
      : error
  }
}

/** @param ends what is to be ended, the last first */
async function start(options: DemoOptions, signal: AbortSignal, ends: AsyncDisposableStack): Promise<void> {
  const data = await openDataFolder(options.data)
  ends.use(await lock(data.path))
  // A demonstration that was killed leaves one behind, which would lead to nothing.
  await rm(data.envFile, { force: true })

  const { cardContactRoots } = await import('@keytether/card')
  const { emulatorRoot } = await import('@keytether/emulator')
  // Only a demonstration trusts emulated tokens by itself.
  const roots = [...cardContactRoots, emulatorRoot]
  const paths = await prepareTokens(data, roots, signal)
  const service = await startDemoService({ port: options.port, data, roots, log: openLog(data.serviceLog) })
  ends.defer(() => service.close())

  const ready = devicesReady(service, paths, readyMs, signal)
  for (const { stateFile, log } of data.tokens) {
    ends.use(
      startTokenProcess({
        args: ['emulator', '--state', stateFile, '--ram', `${service.url}/rt/hsm`, '--pin-file', data.pinFile],
        log: openLog(log),
        onRestart: (reason, delayMs) =>
          console.error(
            `A token's process ended (${reason}, see ${shown(log)}). Starting it again in ${delayMs / 1000} s`,
          ),
      }),
    )
  }
  await ready
  watchDevices(service, signal, line => console.error(line))
  const { made } = await makeGroupAndKeys(service, data.token, paths, signal)

  ends.use(await writeEnv(data, { KEYTETHER_URL: service.url, KEYTETHER_TOKEN: data.token }))
  for (const line of summary(service.url, shown(data.path), paths, made)) console.log(line)
  console.log(`\n${styleText('bold', 'Try in another terminal:')}\n`)
  console.log(nextSteps(shown(data.envFile)))
  console.log('Ctrl-C ends the demonstration.')
}

function summary(url: string, folder: string, paths: readonly string[], made: readonly string[]): string[] {
  const keys = made.length > 0 ? `${made.join(', ')}, made now` : 'found, from an earlier start'
  return fields([
    ['Service', `${url}, its API described at ${url}/v1/docs`],
    ['Tokens', `${paths.join(' and ')}, emulated, each in a process of its own`],
    ['Keys', `${keys}; on both tokens`],
    ['Data', folder],
  ])
}

/** As one would write it from here. */
function shown(path: string): string {
  const near = relative('.', path)
  return near.startsWith('..') ? resolve(path) : near || '.'
}

/** Stays open for as long as the process lives: a logger writes its last lines when all else has ended. */
function openLog(path: string): number {
  return openSync(path, 'w', 0o600)
}

/** An empty one is a shell variable that is not set. */
function folder(text: string): string {
  if (text === '') throw new InvalidArgumentError('Wanted the name of a folder.')
  return text
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError('Wanted 0 to 65535.')
  return value
}
