/** The commands in docs/audit.md print what stands there, and its tables are those of the format. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { createClient, fetchTransport } from '@keytether/api'
import { chainRecord, emptyChain, formatNoteKey } from '@keytether/audit'
import { emulatorRoot } from '@keytether/emulator'
import { auditLog, bytesOf, checkpointNote, entryOf, exportLines } from '@keytether/test/audit-log'
import { BenchToken } from '@keytether/test/group-bench'
import { keytether, main } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'

const folder = mkdtempSync(join(tmpdir(), 'keytether-audit-'))
const page = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8')
after(() => rmSync(folder, { recursive: true }))

const log = auditLog(100)
const keys = log.signers.map(({ key }) => formatNoteKey(key)).join('\n')
const files = {
  'keys.txt': `${keys}\n`,
  'log.jsonl': bytesOf(exportLines(log)),
  'january.jsonl': bytesOf(exportLines(log, { to: 40 })),
  'february.jsonl': bytesOf(exportLines(log, { from: 40 })),
  'new-year.txt': checkpointNote(log.origin, log.heads[7]!, log.signers),
  'later.txt': checkpointNote(log.origin, log.heads[41]!, log.signers),
}
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)

interface Step {
  readonly command: string
  readonly expected: RegExp
}

const sessions: readonly (readonly Step[])[] = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(
  ([, session = '']) =>
    session
      .split(/^\$ /m)
      .slice(1)
      .map(step => {
        const [command = '', ...lines] = step.split('\n')
        const expected = lines
          .join('\n')
          .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
          .replaceAll(/^…\n/gm, '(.*\\n)*')
          .replaceAll(/ *… */g, '.*')
          .replaceAll(/ {2,}/g, ' +')
        return { command, expected: new RegExp(`^${expected}$`) }
      }),
)

async function type({ command, expected }: Step, cwd: string, environment: Record<string, string> = {}) {
  const script = `keytether() { '${process.execPath}' '${main}' "$@"; }\n${command}`
  const options = { cwd, env: { ...process.env, ...environment } }
  const { stdout } = await promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', script], options)
  assert.match(stdout, expected, command)
}

test('the sessions with a service are what happens', async () => {
  const home = join(folder, 'service')
  mkdirSync(home)
  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken) })
  const tokens = [await BenchToken.make(), await BenchToken.make()]
  for (const token of tokens) await bench.dialIn(await token.plug())
  await client.createGroup({ body: { name: 'office' } })
  for (const { path } of tokens) await client.joinGroup({ params: { group: 'office', device: path }, body: {} })
  const environment = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  for (const step of sessions.slice(0, 3).flat()) await type(step, home, environment)
  const json = await keytether(['audit', 'list', '--outcome', 'UNAUTHORIZED', '--json'], {
    cwd: home,
    env: environment,
  })
  assert.deepEqual([json.code, json.stdout], [0, ''])
  const next = await keytether(['audit', 'export', '--from', '5'], { cwd: home, env: environment })
  assert.deepEqual([JSON.parse(next.stdout.split('\n')[0]!).from.size, next.code], [5, 0])
  const beyond = await keytether(['audit', 'export', '--from', '9999'], { cwd: home, env: environment })
  assert.equal(beyond.code, 2)
  assert.match(beyond.stderr, /from: wanted 0 to \d+, between which records are kept, got 9999/)
})

test('the sessions with files are what happens', async () => {
  assert.equal(sessions.length, 6)
  for (const step of sessions.slice(3).flat()) await type(step, folder)
})

test('for programs, with the exit code', async () => {
  const genuine = await keytether(['audit', 'verify', 'log.jsonl', '--key', 'keys.txt', '--json'], { cwd: folder })
  assert.equal(genuine.code, 0, genuine.stderr)
  const { signedBy, ...document } = JSON.parse(genuine.stdout)
  assert.deepEqual(
    [document.genuine, document.size, signedBy.map(({ algorithm }: { algorithm: string }) => algorithm)],
    [true, 100, ['Ed25519', 'ECDSA']],
  )
  const cut = await keytether(['audit', 'verify', 'january.jsonl', '--checkpoint', 'later.txt', '--json'], {
    cwd: folder,
  })
  assert.deepEqual([cut.code, JSON.parse(cut.stdout).findings[0].code], [1, 'CUT_SHORT'])
  assert.match(cut.stderr, /this is not what was recorded: 1 findings/)
})

test('what is given wrongly is said', async () => {
  const noKey = await keytether(['audit', 'verify', 'log.jsonl', '--key', 'log.jsonl'], { cwd: folder })
  assert.equal(noKey.code, 2)
  assert.match(noKey.stderr, /log.jsonl: no key of a log/)
  assert.equal((await keytether(['audit', 'verify', 'nothing.jsonl'], { cwd: folder })).code, 4)
  const none = await keytether(['audit', 'verify', 'keys.txt'], { cwd: folder })
  assert.equal(none.code, 1)
  assert.match(none.stdout, /^keys.txt:1: UNREADABLE: it does not begin as an export does/)
})

test('the tables are those of the format', () => {
  const table = (head: string) => {
    const lines = page.slice(page.indexOf(`| ${head} |`)).split('\n')
    const rows = lines.slice(2, lines.indexOf(''))
    return rows.flatMap(row => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!))
  }
  const source = readFileSync(join(import.meta.dirname, '../../packages/audit/src/findings.ts'), 'utf8')
  assert.deepEqual(table('finding').sort(), [...source.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code).sort())
  const header = JSON.parse(exportLines(log)[0]!)
  assert.deepEqual(table('member'), Object.keys(header))
  // The format takes no member that it does not declare, and each of these.
  const { request } = entryOf(0)
  const all = { ...request!, refused: [{ operation: 'sign', outcome: 'FORBIDDEN' }], repeated: 1 }
  const written = JSON.parse(
    Buffer.from(chainRecord(emptyChain, null, { ...entryOf(0), request: all }).line).toString(),
  )
  assert.deepEqual(table('of a request'), Object.keys(written.request))
  assert.deepEqual(table('of an event'), Object.keys(entryOf(4).event!))
})
