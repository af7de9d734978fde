/**
 * The session in README.md, typed as it stands, at the port and in the folder that it names: in a network namespace of its
 * own, and over an overlay of the checkout, so that it meets nobody's service and leaves nothing behind.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requirePeers } from '@keytether/test/peers'

interface Step {
  readonly command: string
  /** Lines of output; … stands for anything. */
  readonly expected: string
}

const root = join(import.meta.dirname, '../..')
const [opening, ...blocks] = [
  ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```console\n(.*?)^```$/gms),
].map(([, block = '']) => stepsOf(block))

function stepsOf(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const [command = '', ...lines] = step.split('\n')
      return { command, expected: lines.join('\n') }
    })
}

function pattern(expected: string): RegExp {
  const literal = expected.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  return new RegExp(`^${literal.replace(/^…\n/gm, '(?:.*\n)*?').replaceAll('…', '.*')}$`)
}

test('the session in README.md is what happens', async t => {
  if (!requirePeers(t, ['ip', 'nsenter', 'curl', 'openssl', 'perl'])) return
  const folder = mkdtempSync(join(tmpdir(), 'keytether-readme-'))
  try {
    const steps = blocks.flat()
    const outputs = await type(folder, opening![0]!.command, steps)
    check(opening![0]!, readFileSync(join(folder, 'start'), 'utf8'))
    for (const [i, step] of steps.entries()) check(step, outputs[i]!)
    assert.equal(readFileSync(join(folder, 'left'), 'utf8'), '', 'Ctrl-C ends all of it')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function check({ command, expected }: Step, output: string): void {
  assert.match(output, pattern(expected), `$ ${command}`)
}

/** Types the commands into one shell while the first one runs in another, and returns what each printed. */
async function type(folder: string, first: string, steps: readonly Step[]): Promise<string[]> {
  for (const name of ['upper', 'work']) mkdirSync(join(folder, name))
  const marker = '=== next ==='
  writeFileSync(
    join(folder, 'session'),
    `cd ${root}
setsid ${first} > ${folder}/start 2>&1 &
started=$!
for i in $(seq 300); do test -e keytether-data/demo.env && break; sleep 0.2; done
${steps.map(({ command }) => `${command}\necho '${marker}'`).join('\n')}
kill -INT -- -$started
wait $started
{ pgrep -fa "${root}/keytether-data"; ls keytether-data/demo.env; } > ${folder}/left 2>/dev/null
`,
  )
  const overlay = `lowerdir=${root},upperdir=${folder}/upper,workdir=${folder}/work`
  const setup = `ip link set lo up && mount -t overlay overlay -o ${overlay} ${root} && exec bash ${folder}/session`
  const shell = spawn('unshare', ['-m', '-n', '--', 'sh', '-c', setup], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  })
  let printed = ''
  shell.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  await once(shell, 'close')
  const outputs = printed.split(`${marker}\n`)
  assert.equal(outputs.length, steps.length + 1, printed)
  return outputs
}
