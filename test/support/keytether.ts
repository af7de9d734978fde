/** Runs `keytether` as its users do: a process, its exit code and what it prints. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array
  readonly cwd?: string
  readonly env?: Record<string, string>
}

const timeoutMs = 60_000

/** Runs to the end. */
export async function keytether(args: readonly string[], { input, ...options }: RunOptions = {}): Promise<Run> {
  const child = startKeytether(args, options)
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  child.stdin!.on('error', () => {})
  child.stdin!.end(input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  clearTimeout(timer)
  return { code: code as number | null, stdout, stderr }
}

/** Starts; input and output are pipes. */
export function startKeytether(
  args: readonly string[],
  { cwd, env = {} }: Omit<RunOptions, 'input'> = {},
): ChildProcess {
  return spawn(process.execPath, [main, ...args], { stdio: 'pipe', cwd, env: { ...process.env, ...env } })
}
