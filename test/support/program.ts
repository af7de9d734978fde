/** Runs one of our programs to its end: its exit code, and what it printed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface ProgramOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string
  /** Sends SIGTERM when it aborts. */
  readonly signal?: AbortSignal
  /** After this time it is killed; 30 s unless told. */
  readonly timeoutMs?: number
}

export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function runProgram(
  file: string,
  args: readonly string[],
  { input, signal, timeoutMs = 30_000 }: ProgramOptions = {},
): Promise<ProgramResult> {
  const child = spawn(process.execPath, [file, ...args])
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  signal?.addEventListener('abort', () => child.kill('SIGTERM'))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  clearTimeout(timer)
  return { code: code as number | null, stdout, stderr }
}
