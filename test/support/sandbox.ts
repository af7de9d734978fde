/**
 * A private pcscd with two virtual readers, alone in its mount and network namespaces, so that tests with cards neither
 * meet the machine's readers nor each other. Needs root, pcscd, vpcd and iproute2.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where vpcd listens inside each sandbox: one port a reader. */
export const virtualReaders = [
  { name: 'Virtual PCD 00 00', host: '127.0.0.1', port: 35963 },
  { name: 'Virtual PCD 00 01', host: '127.0.0.1', port: 35964 },
] as const

export interface RunOptions {
  /** Written to the command's standard input, which is closed after it. */
  readonly input?: string | Uint8Array
  /** After this time the command is ended and `run` throws; 30 s unless told. */
  readonly timeoutMs?: number
  /** Added to our own environment. */
  readonly env?: Record<string, string>
}

export interface RunResult {
  /** The exit code, or null if a signal ended the command. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface SpawnOptions {
  readonly env?: Record<string, string>
  /** As `child_process.spawn` takes it; pipes unless told. */
  readonly stdio?: 'pipe' | 'inherit' | readonly ('pipe' | 'inherit' | 'ignore')[]
}

export interface Sandbox extends AsyncDisposable {
  /** The process id of pcscd. */
  readonly pid: number
  /** Runs a command inside to its end, in our working directory. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Starts a command inside; `dispose` ends it if it still runs. Standard input, output and error are pipes. */
  spawn(command: string, args?: readonly string[], options?: SpawnOptions): ChildProcess
  /** Ends what was started here, pcscd last. */
  dispose(): Promise<void>
}

const startTimeoutMs = 10_000
const endTimeoutMs = 3_000

export async function openSandbox(): Promise<Sandbox> {
  // The mount point of the private tmpfs; pcscd itself would create it, too.
  mkdirSync('/run/pcscd', { recursive: true })
  // `unshare` and `sh` become pcscd, so that one process id stands for the namespaces and for the daemon. The daemon goes
  // with us even if we are killed.
  const setup = 'mount -t tmpfs tmpfs /run/pcscd && ip link set lo up && exec setpriv --pdeathsig KILL pcscd -f'
  const daemon = spawn('unshare', ['-m', '-n', '--', 'sh', '-c', setup], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = Promise.all([text(daemon.stdout!), text(daemon.stderr!)])
  const children = new Set<ChildProcess>()

  const start: Sandbox['spawn'] = (command, args = [], { env = {}, stdio = 'pipe' } = {}) => {
    if (!running(daemon)) throw new Error('the sandbox has been disposed of')
    const inside = ['-t', String(daemon.pid), '-m', '-n', `--wdns=${process.cwd()}`, '--', command, ...args]
    const child = spawn('nsenter', inside, {
      env: { ...process.env, ...env },
      stdio: typeof stdio === 'string' ? stdio : [...stdio],
    })
    children.add(child)
    child.once('close', () => children.delete(child))
    return child
  }

  const run: Sandbox['run'] = async (command, args = [], { input, timeoutMs = 30_000, env = {} } = {}) => {
    const child = start(command, args, { env })
    const closed = once(child, 'close')
    // A command that does not read its input is not our failure.
    child.stdin!.on('error', () => {})
    child.stdin!.end(input)
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, timeoutMs)
    try {
      const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), closed])
      if (timedOut) throw new Error(`${command} did not end within ${timeoutMs} ms. ${stdout}${stderr}`)
      return { code: code as number | null, stdout, stderr }
    } finally {
      clearTimeout(timer)
    }
  }

  const dispose = async () => {
    await Promise.all([...children].map(end))
    await end(daemon)
  }

  try {
    await ready(daemon)
  } catch (error) {
    await dispose()
    throw new Error(`no sandbox: ${(await output).join('').trim() || 'pcscd did not start'}`, { cause: error })
  }
  return { pid: daemon.pid!, run, spawn: start, dispose, [Symbol.asyncDispose]: dispose }
}

const inside = 'KEYTETHER_INSIDE_SANDBOX'

/**
 * Lets a test file run inside a sandbox of its own: true inside. Outside, runs the file again inside, where its tests
 * report as if they had run here, and returns false, whereupon the file defines no tests.
 *
 * @param file the test file: `import.meta.filename`
 */
export async function insideSandbox(file: string, timeoutMs = 120_000): Promise<boolean> {
  if (process.env[inside]) return true
  await using sandbox = await openSandbox()
  const child = sandbox.spawn(process.execPath, [...process.execArgv, file], {
    env: { [inside]: String(sandbox.pid) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  if (signal !== null) console.error(`${file}: ended by ${signal} after at most ${timeoutMs} ms`)
  process.exitCode = code ?? 1
  return false
}

/** Stops pcscd of the sandbox that we are inside of; the sandbox stays. */
export function stopPcscd(): void {
  process.kill(Number(process.env[inside]))
}

/** pcscd answers clients on its socket and vpcd waits for cards on its ports. */
async function ready(daemon: ChildProcess): Promise<void> {
  const failed = once(daemon, 'error').then(([error]) => {
    throw error
  })
  failed.catch(() => {})
  const deadline = Date.now() + startTimeoutMs
  while (running(daemon) && Date.now() < deadline) {
    if (
      existsSync(`/proc/${daemon.pid}/root/run/pcscd/pcscd.comm`) &&
      virtualReaders.every(r => listens(daemon, r.port))
    )
      return
    await Promise.race([sleep(20), failed])
  }
  throw new Error(running(daemon) ? `pcscd was not ready after ${startTimeoutMs} ms` : 'pcscd ended')
}

function listens(daemon: ChildProcess, port: number): boolean {
  const listening = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F:]+ 0A `)
  try {
    return listening.test(readFileSync(`/proc/${daemon.pid}/net/tcp`, 'latin1'))
  } catch {
    return false
  }
}

function running(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

async function end(child: ChildProcess): Promise<void> {
  if (!running(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
  await ended
  clearTimeout(timer)
}
