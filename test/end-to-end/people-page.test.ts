/** The commands of docs/people.md, one after the other, and what stays of them on the disk of who runs them. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'

const page = readFileSync(join(import.meta.dirname, '../../docs/people.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'keytether-people-'))
after(() => rmSync(folder, { recursive: true }))
const sessions = join(folder, 'config/keytether/sessions')

const passwords = ['correct horse battery', 'another horse battery'] as const

function commandsUnder(heading: string): string[] {
  const section = page.slice(page.indexOf(`\n## ${heading}\n`) + 1).split('\n## ', 1)[0]!
  return [...section.matchAll(/```sh\n(.*?)```/gs)].flatMap(match => match[1]!.trim().split('\n'))
}

test('the commands of the page, by an administrator and by whom she has invited', async () => {
  await using bench = await Bench.start()
  const { url } = bench.service
  writeFileSync(join(folder, 'first'), `${passwords[0]}\n`)
  writeFileSync(join(folder, 'second'), `${passwords[1]}\n`)
  const asAnn = { XDG_CONFIG_HOME: join(folder, 'config') }
  const asAdministrator = { ...asAnn, KEYTETHER_URL: url, KEYTETHER_TOKEN: apiToken }
  const secrets: string[] = [...passwords]
  async function run(line: string, env: Record<string, string>, ...more: readonly string[]) {
    const [, ...words] = line.replaceAll('https://hsm.example.com', url).split(' ')
    const { code, stdout, stderr } = await keytether([...words, ...more], { cwd: folder, env })
    for (const secret of secrets) assert.ok(!`${stdout}${stderr}`.includes(secret), line)
    return { code, stdout, stderr }
  }
  async function ok(line: string, env: Record<string, string>, ...more: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(line, env, ...more)
    assert.equal(code, 0, `${line}: ${stderr}`)
    return stdout
  }

  const [create = '', invite = '', accept = ''] = commandsUnder('The first time')
  await ok(create, asAdministrator)
  const invitation = await ok(invite, asAdministrator)
  assert.match(invitation, /\/sign-in#kti_[\w-]{43}\ngood once, until /)
  writeFileSync(join(folder, 'invitation'), invitation)
  secrets.push(/kti_[\w-]+/.exec(invitation)![0])
  await ok(accept, asAnn, '--new-password-file', 'first')
  const again = await run(accept, asAnn, '--new-password-file', 'first')
  assert.deepEqual([again.code, /the invitation is good for nothing/.test(again.stderr)], [3, true], again.stderr)

  const [file = ''] = readdirSync(sessions)
  assert.equal(file, encodeURIComponent(url))
  assert.deepEqual([statSync(sessions).mode & 0o777, statSync(join(sessions, file)).mode & 0o777], [0o700, 0o600])
  const stored = () => readFileSync(join(sessions, file), 'utf8')
  const first = stored()
  assert.match(first, /^kts_[\w-]{43}\n$/)

  const [login = '', whoami = '', list = '', password = '', logout = ''] = commandsUnder('The command line')
  const signedIn = await ok(login, asAnn, '--password-file', 'first')
  assert.match(signedIn, /^signed in as ann, until .*\n$/)
  assert.notEqual(stored(), first)
  secrets.push(stored().trim(), first.trim())
  assert.match(await ok(whoami, asAnn), /Name {3}: ann\n/)
  assert.match(await ok(whoami, { ...asAnn, KEYTETHER_TOKEN: apiToken }), /Name {3}: token-/)
  assert.equal((await ok(list, asAnn)).match(/^ses_/gm)?.length, 2)
  const unlike = await run(password, asAnn, '--password-file', 'second', '--new-password-file', 'second')
  assert.deepEqual([unlike.code, /the current password is another one/.test(unlike.stderr)], [2, true], unlike.stderr)
  await new Promise(resolve => setTimeout(resolve, 1_000))
  await ok(password, asAnn, '--password-file', 'first', '--new-password-file', 'second')
  assert.equal((await ok(list, asAnn)).match(/^ses_/gm)?.length, 1)
  await ok(logout, asAnn)
  assert.ok(!existsSync(join(sessions, file)))
  const out = await run(whoami, asAnn)
  assert.deepEqual([out.code, out.stderr.includes(`hint: or sign in: \`keytether login --service ${url}\``)], [3, true])
  const old = await run(login, asAnn, '--password-file', 'first')
  assert.deepEqual([old.code, /what was shown to sign in with is not right/.test(old.stderr)], [3, true], old.stderr)
  assert.equal((await run(logout, asAnn)).code, 4)
  await new Promise(resolve => setTimeout(resolve, 1_000))
  await ok(login, asAnn, '--password-file', 'second')

  const [show = '', listOf = '', end = '', reset = ''] = commandsUnder('Sessions')
  assert.match(await ok(show, asAdministrator), /Password : since .*\nSessions : 1, as /)
  const id = /^ses_\S+/m.exec(await ok(listOf, asAdministrator))![0]
  await ok(end.replace('ses_0a1b', id), asAdministrator)
  assert.equal((await run(whoami, asAnn)).code, 3)
  // A session that was over already is forgotten, too.
  await ok(logout, asAnn)
  await ok(reset, asAdministrator, '--yes')
  assert.equal((await run(login, asAnn, '--password-file', 'second')).code, 3)
  const kept = JSON.stringify(await bench.service.hsm.events.list((await administrator(bench))!, {}, { limit: 100 }))
  for (const secret of secrets) assert.ok(!kept.includes(secret))
})

function administrator({ service }: Bench) {
  const login = { credential: 'token', address: '127.0.0.1' }
  return service.hsm.logins.byName('tester', service.hsm.tenants.main, ['administrator'], login)
}
