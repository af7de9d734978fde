/**
 * The emulated token as a card of pcscd, a process of its own as users run it, and programs of OpenSC that meet it.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ReaderChange, watchReaders } from '@keytether/driver'
import { missingPeers, sandboxPeers } from './peers.ts'
import { insideSandbox, virtualReaders } from './sandbox.ts'

export const userPin = '648219'
export const soPin = '3537363231383830'

const [reader] = virtualReaders
const program = fileURLToPath(new URL('../../packages/cli/bin/keytether.mjs', import.meta.url))
const cardTimeoutMs = 15_000
const endTimeoutMs = 5_000

export interface RunOptions {
  /** The exit code that is wanted; 0 unless told. */
  readonly code?: number
  readonly timeoutMs?: number
  /** Typed on standard input, which then ends. */
  readonly input?: string
}

export interface Output {
  readonly stdout: string
  readonly stderr: string
}

export interface TokenInReader extends AsyncDisposable {
  /** Runs a command to its end, in a folder of the token's own; another exit code than the wanted one is an AssertionError that shows what it printed. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Output>
  /** `pkcs11-tool`, and the same with the user's PIN. */
  pkcs11(args: readonly string[], options?: RunOptions): Promise<string>
  loggedIn(args: readonly string[], options?: RunOptions): Promise<string>
  /** A file in that folder. */
  read(name: string): Promise<Buffer>
  write(name: string, content: string | Uint8Array): Promise<void>
  /** Ends the token's process, and waits until pcscd has seen the card leave. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on the same state. */
  start(): Promise<void>
}

/**
 * Lets a test file run beside a pcscd of its own, see `insideSandbox`: true inside, where the tests are to be defined.
 *
 * @param file the test file: `import.meta.filename`
 */
export async function openscTests(file: string, timeoutMs?: number): Promise<boolean> {
  const missing = missingPeers([...sandboxPeers, 'pkcs11-tool', 'pkcs15-tool', 'sc-hsm-tool', 'openssl'])
  if (missing === undefined) return insideSandbox(file, timeoutMs)
  test('OpenSC', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
  return false
}

/** A new token, as it comes out of the factory, in the first reader. */
export async function openToken(): Promise<TokenInReader> {
  const folder = await mkdtemp(join(tmpdir(), 'keytether-opensc-'))
  // OpenSC keeps its caches and looks for its user's configuration under HOME.
  const home = { HOME: folder, XDG_CACHE_HOME: folder }
  let ending: (signal: NodeJS.Signals) => Promise<void> = async () => {}

  const start = async () => {
    ending = startEmulator(join(folder, 'token.state'))
    await seen('card')
  }
  const end = async (signal: NodeJS.Signals) => {
    await ending(signal)
    await seen('empty')
  }
  const run: TokenInReader['run'] = async (command, args, { code = 0, timeoutMs = 30_000, input } = {}) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...home },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    child.stdin?.end(input)
    const [stdout, stderr, [exit, signal]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close'),
    ])
    assert.equal(exit ?? signal, code, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
    return { stdout, stderr }
  }
  const pkcs11: TokenInReader['pkcs11'] = async (args, options) => (await run('pkcs11-tool', args, options)).stdout

  // Whoever comes next must not find this card.
  const dispose = async () => {
    await end('SIGTERM')
    await rm(folder, { recursive: true })
  }

  try {
    await start()
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    run,
    pkcs11,
    loggedIn: (args, options) => pkcs11(['--login', '--pin', userPin, ...args], options),
    read: name => readFile(join(folder, name)),
    write: (name, content) => writeFile(join(folder, name), content),
    end,
    start,
    [Symbol.asyncDispose]: dispose,
  }
}

/** A new token, initialised. */
export async function openInitializedToken(): Promise<TokenInReader> {
  const token = await openToken()
  await initialize(token)
  return token
}

export function initialize(token: TokenInReader, options: readonly string[] = []): Promise<Output> {
  return token.run('sc-hsm-tool', ['--initialize', '--so-pin', soPin, '--pin', userPin, ...options])
}

export interface Mechanism {
  readonly name: string
  /** Such as `sign` and `decrypt`. */
  readonly flags: readonly string[]
}

/** What the PKCS #11 module says that it can do. */
export async function listMechanisms(token: TokenInReader): Promise<Mechanism[]> {
  const lines = (await token.pkcs11(['--list-mechanisms'])).split('\n').filter(line => line.startsWith('  '))
  return lines.map(line => {
    // Commas part the flags, and stand between the two sizes in braces.
    const [name, ...flags] = line.trim().split(/, (?![^{]*\})/)
    return { name: name!, flags }
  })
}

/** Returns what ends the process; ending it again does nothing. */
function startEmulator(state: string): (signal: NodeJS.Signals) => Promise<void> {
  const args = [program, 'emulator', '--state', state, '--vpcd', `${reader.host}:${reader.port}`]
  // The process goes with us even if we are killed.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const closed = once(child, 'close')
  let ended = false
  child.once('close', async code => {
    if (!ended) console.error(`the emulator ended with ${code}: ${(await output).join('')}`)
  })
  return async signal => {
    if (ended) return
    ended = true
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
    await closed
    clearTimeout(timer)
  }
}

async function seen(state: ReaderChange['state']): Promise<void> {
  const stop = new AbortController()
  await watchReaders({ signal: AbortSignal.any([stop.signal, AbortSignal.timeout(cardTimeoutMs)]) }, change => {
    if (change.reader === reader.name && change.state === state) stop.abort()
  })
  assert.ok(stop.signal.aborted, `${reader.name}: ${state} within ${cardTimeoutMs} ms`)
}
