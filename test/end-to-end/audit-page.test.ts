/** The commands in docs/audit.md print what stands there, and its tables are those of the format. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { formatNoteKey } from '@keytether/audit'
import { auditLog, bytesOf, checkpointNote, exportLines } from '@keytether/test/audit-log'
import { keytether, main } from '@keytether/test/keytether'

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

test('the sessions with files are what happens', async () => {
  const sessions = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, session = '']) => session)
  const offline = sessions.filter(session => session.includes('audit verify'))
  assert.equal(offline.length, 3)
  for (const session of offline) {
    const [command = '', ...lines] = session.slice(2).split('\n')
    const script = `keytether() { '${process.execPath}' '${main}' "$@"; }\n${command}`
    const { stdout } = await promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd: folder })
    const expected = lines
      .join('\n')
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll(/^…\n/gm, '(.*\\n)*')
      .replaceAll('…', '.*')
    assert.match(stdout, new RegExp(`^${expected}$`), command)
  }
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
    return rows.map(row => /`(\w+)`/.exec(row)![1]!)
  }
  const source = readFileSync(join(import.meta.dirname, '../../packages/audit/src/findings.ts'), 'utf8')
  assert.deepEqual(table('finding').sort(), [...source.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code).sort())
  const header = JSON.parse(exportLines(log)[0]!)
  assert.deepEqual(table('member'), Object.keys(header))
})
