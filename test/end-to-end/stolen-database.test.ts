/** What a thief of the database file can do with it, who has neither the master key nor the tokens; he may change his copy as he likes. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { WrappedKeyFile } from '@keytether/card'
import { decode } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { emulatorRoot } from '@keytether/emulator'
import { backupDatabase, type Caller, type Hsm, openHsm } from '@keytether/hsm'
import { BenchToken, until } from '@keytether/test/group-bench'

const folder = mkdtempSync(join(tmpdir(), 'keytether-stolen-'))
const pin = Buffer.from('648219')
const masterKey = { key: new Uint8Array(32).fill(9) }
const untouched = { status: 'notVerified', triesLeft: 3 }
const never = new AbortController().signal
let copies = 0
let token: BenchToken

const open = (name: string, master?: typeof masterKey): Promise<Hsm> =>
  openHsm({ devices: { roots: [emulatorRoot] }, database: `sqlite:${join(folder, name)}`, masterKey: master })

before(async () => {
  token = await BenchToken.make()
  await using hsm = await open('theirs', masterKey)
  const session = await plug(hsm, token)
  const caller = administrator(hsm)
  await hsm.pins.give(caller, token.path, { pin, keep: true }, never)
  await until(() => session.state === 'ready')
  await hsm.groups.create(caller, { name: 'pair' })
  await hsm.groups.join(caller, token.path, 'pair')
  await hsm.keys.create(caller, { name: 'ca', group: 'pair', type: { kind: 'EC', curve: 'secp256r1' } }, never)
  hsm.devices.close('the test goes on')
})
after(() => rmSync(folder, { recursive: true }))

/** Connects a token on which nobody is logged in. */
async function plug(hsm: Hsm, card: BenchToken) {
  const channel = await card.plug()
  await card.emulator.reset()
  const session = hsm.devices.attach(channel)
  await until(() => session.state !== 'connected' && session.state !== 'identified')
  await session.settled()
  return session
}

function administrator({ tenants }: Hsm): Caller {
  const login = { credential: 'test', address: '127.0.0.1' }
  const roles = ['administrator', 'manager'] as const
  return { principal: 'prn_test', name: 'test', tenant: tenants.main, roles, tags: [], login }
}

/** His copy, with what he changes in it. */
async function stolen(change = ''): Promise<string> {
  const name = `copy-${++copies}`
  await backupDatabase(`sqlite:${join(folder, 'theirs')}`, join(folder, name))
  const database = new DatabaseSync(join(folder, name))
  database.exec(change)
  database.close()
  return name
}

/** Asked of the token itself, without a log-in, which would give tries back. */
async function triesLeft({ emulator }: BenchToken): Promise<unknown> {
  await emulator.reset()
  return (await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })).pinStatus()
}

test('he starts a service with it: it is sealed, and presents no PIN even to the genuine token', async () => {
  await using hsm = await open(await stolen())
  assert.equal(hsm.vault.state, 'sealed')
  const session = await plug(hsm, token)
  assert.equal(session.state, 'secured')
  assert.match(session.reason ?? '', /its PIN cannot be opened: the service is sealed/)
  const signing = hsm.cryptography.sign(
    administrator(hsm),
    { key: 'ca' },
    { message: pin },
    {},
    AbortSignal.timeout(500),
  )
  await assert.rejects(signing, { code: 'NO_DEVICE' })
  await assert.rejects(hsm.vault.unseal(administrator(hsm), { key: new Uint8Array(32) }), { code: 'INVALID' })
  hsm.devices.close('the test goes on')
})

test('with a vault of his own in it, the PIN is opened no more, and no try of the token is spent', async () => {
  await using hsm = await open(await stolen("delete from settings where name = 'vault'"), { key: new Uint8Array(32) })
  assert.equal(hsm.vault.state, 'open')
  const session = await plug(hsm, token)
  assert.equal(session.state, 'secured')
  assert.match(session.reason ?? '', /its PIN cannot be opened: what is sealed in devices.pin of dev_.* was changed/)
  hsm.devices.close('the test goes on')
  assert.deepEqual(await triesLeft(token), untouched)
})

test('put back for another token, with the right master key, a PIN is not opened', async () => {
  const other = await BenchToken.make()
  {
    await using hsm = await open('theirs', masterKey)
    await plug(hsm, other)
    hsm.devices.close('the test goes on')
  }
  const move = `update devices set pin = (select pin from devices where path = '${token.path}') where path = '${other.path}'`
  await using hsm = await open(await stolen(move), masterKey)
  const session = await plug(hsm, other)
  assert.match(session.reason ?? '', /its PIN cannot be opened/)
  hsm.devices.close('the test goes on')
  assert.deepEqual(await triesLeft(other), untouched)
})

test('the hash of a token is none', async () => {
  await using hsm = await open('theirs', masterKey)
  const caller = administrator(hsm)
  await hsm.principals.create(caller, 'web', { roles: ['operator'], tags: [] })
  await hsm.credentials.create(caller, 'web', 'one')
  const { token_hash } = await hsm.store.db.selectFrom('credentials').select('token_hash').executeTakeFirstOrThrow()
  const guesses = [token_hash, `kt_${token_hash}`, `kt_${Buffer.from(token_hash, 'hex').toString('base64url')}`]
  for (const guess of guesses) assert.equal(await hsm.logins.byToken(guess, '127.0.0.1'), undefined)
})

test('the key that is wrapped in it is one on no token of his', async () => {
  await using hsm = await open(await stolen())
  const { wrapped } = await hsm.store.db.selectFrom('key_versions').select('wrapped').executeTakeFirstOrThrow()
  const file = decode(WrappedKeyFile, new Uint8Array(wrapped!))
  const his = await BenchToken.make([new Uint8Array(32).fill(7)])
  await assert.rejects((await his.card()).unwrapKey(file), /wrapped under the domain 648AA5C579FB30F3; on this device/)
})
