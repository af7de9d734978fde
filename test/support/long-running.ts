/** Commands of `keytether` that go on, and tell in lines of JSON what happens. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startKeytether } from './keytether.ts'

export type Event = Record<string, string>

export interface LongRunning {
  readonly child: ChildProcess
  /** The next event of this name. */
  event(name: string): Promise<Event>
  /** What it wrote to standard error until now. */
  errors(): string
  /** Ends it, and returns its exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

const running = new Set<ChildProcess>()

export function longRunning(args: readonly string[], cwd: string, env: Record<string, string> = {}): LongRunning {
  const child = startKeytether([...args, '--json'], { cwd, env })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let errors = ''
  child.stderr!.on('data', chunk => {
    errors += chunk
  })
  const lines = createInterface({ input: child.stdout! })
  return {
    child,
    errors: () => errors,
    event: wanted =>
      new Promise((resolve, reject) => {
        const onLine = (line: string) => {
          const found = JSON.parse(line) as Event
          if (found.event === wanted) resolve(found)
        }
        lines.on('line', onLine)
        child.once('exit', code => reject(new Error(`ended with ${code} before ${wanted}: ${errors}`)))
      }),
    async end(signal) {
      const exited = once(child, 'exit')
      child.kill(signal)
      return (await exited)[0] as number | null
    },
  }
}

/** Of this test file, whatever is left. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
