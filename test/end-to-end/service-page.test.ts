/** What docs/service.md says is what the service takes. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Certificate, cardContactRoots } from '@keytether/card'
import { encode } from '@keytether/codec'
import { readConfig } from '@keytether/server'
import { commandTree } from '@keytether/test/help'
import { keytether } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'
import { roles } from '../../packages/api/src/index.ts'
import { createProgram } from '../../packages/cli/src/program.ts'

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
const page = read('service.md')
const folder = mkdtempSync(join(tmpdir(), 'keytether-page-'))
after(() => rmSync(folder, { recursive: true }))

/** The first cells of the table with this head, each with the names in it. */
function table(head: string): string[] {
  const lines = page.slice(page.indexOf(`| ${head} |`)).split('\n')
  const rows = lines.slice(
    2,
    lines.findIndex(line => !line.startsWith('|')),
  )
  return rows.flatMap(row => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(match => match[1]!))
}

function pathsOf(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, one]) =>
    typeof one === 'object' && !Array.isArray(one) ? pathsOf(one, `${prefix}${name}.`) : [`${prefix}${name}`],
  )
}

const example = JSON.parse(/```json\n(.*?)```/s.exec(page)![1]!)

test('the example has every setting of the table, and is taken as it stands', async t => {
  if (!requirePeers(t, ['openssl'])) return
  const elsewhere = ['masterKey.passphraseFile', 'masterKey.environment', 'masterKey.credential']
  assert.deepEqual(
    pathsOf(example).sort(),
    table('setting')
      .filter(name => !elsewhere.includes(name))
      .sort(),
  )
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x']
  execFileSync('openssl', [...args, '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd: folder, stdio: 'ignore' })
  const files = {
    'ca.pem': readFileSync(join(folder, 'cert.pem')),
    tokens: '0123456789abcdef',
    'root-tokens': 'fedcba9876543210',
    'master.key': '0a'.repeat(32),
    'root.cvc': encode(Certificate, cardContactRoots[0]!.certificate),
    'pins.json': '{}',
    'service.json': JSON.stringify(example),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  readConfig(example, folder, {})
  const checked = await keytether(['serve', '--config', 'service.json', '--check'], { cwd: folder })
  assert.equal(checked.code, 0, checked.stderr)
  assert.match(checked.stdout, /^the settings have no mistake\nthe database is new: /)
  writeFileSync(join(folder, 'service.json'), JSON.stringify({ ...example, port: 'x', surprise: 1, log: 'loud' }))
  const { code, stderr } = await keytether(['serve', '--config', 'service.json', '--check'], { cwd: folder })
  assert.equal(code, 2)
  assert.match(stderr, /3 mistakes:\n.*\n.*\n.*/)
  for (const name of ['port', 'surprise', 'log']) assert.match(stderr, new RegExp(name))
})

test('the roles are those that there are', () => {
  assert.deepEqual(table('role'), [...roles])
})

test('the commands are those that there are', () => {
  const pages = ['service.md', 'operations.md', 'upgrading.md'].map(read)
  const sessions = pages.flatMap(page => [...page.matchAll(/```sh\n(.*?)```/gs)].map(match => match[1]!))
  const lines = sessions.flatMap(session => session.split('\n').map(line => line.trim()))
  const ours = lines.filter(line => line.startsWith('keytether '))
  assert.ok(ours.length > 5)
  for (const line of ours) {
    const words = line.split(' ').slice(1)
    const command = commandTree(createProgram()).findLast(one => {
      const path = pathOf(one)
      return path.length > 0 && path.every((word, index) => words[index] === word)
    })
    assert.ok(command, line)
    const options = command.options.map(({ long }) => long)
    for (const option of words.filter(word => word.startsWith('--')))
      assert.ok(options.includes(option), `${line}: ${option}`)
  }
})

function pathOf(command: ReturnType<typeof createProgram>): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : []
}
