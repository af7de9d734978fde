/** What a process has in its memory. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** Of a process that was started with `--heapsnapshot-signal=SIGUSR2` in this folder. Garbage is collected before it is taken. */
export async function heapSnapshot({ pid }: ChildProcess, folder: string): Promise<string> {
  const before = new Set(snapshots(folder))
  process.kill(pid!, 'SIGUSR2')
  for (let waited = 0; waited < 600; waited++) {
    const [taken] = snapshots(folder).filter(name => !before.has(name))
    // Complete when it ends as JSON does.
    if (taken !== undefined && (await endsWell(join(folder, taken)))) return join(folder, taken)
    await setTimeout(100)
  }
  throw new Error('no heap snapshot came')
}

function snapshots(folder: string): readonly string[] {
  return readdirSync(folder).filter(name => name.endsWith('.heapsnapshot'))
}

async function endsWell(file: string): Promise<boolean> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const end = Buffer.alloc(2)
  await handle.read(end, 0, 2, Math.max(0, size - 2))
  return end.toString().trimEnd().endsWith('}')
}

/** Which of the texts occur in the file. */
export async function textsInFile(file: string, texts: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const wanted = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)] as const)
  const found = new Set<string>()
  const longest = Math.max(...wanted.map(([, text]) => text.length))
  let rest = Buffer.alloc(0)
  const stream = createReadStream(file, { highWaterMark: 1 << 20 })
  stream.on('data', chunk => {
    const bytes = Buffer.concat([rest, chunk as Buffer])
    for (const [name, text] of wanted) if (bytes.includes(text)) found.add(name)
    rest = bytes.subarray(-longest)
  })
  await once(stream, 'close')
  return [...found]
}
