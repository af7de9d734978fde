/** Identity providers in the database. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { openHsm } from '../hsm.ts'
import type { Caller } from './caller.ts'

const settings = {
  url: 'https://login.example.com',
  audiences: ['keytether'],
  algorithms: ['ES256'],
  nameClaim: 'sub',
  rules: [{ claim: 'groups', value: 'hsm', roles: ['operator'], tags: ['web'] }],
  authorities: null,
} as const

const login = { credential: 'test', address: '127.0.0.1' }
const callerIn = (tenant: string | null): Caller => ({
  principal: 'prn_test',
  name: 'test',
  tenant,
  roles: ['administrator'],
  tags: [],
  login,
})

eachDatabase((_, open) => {
  test('they are kept, changed, told of, and gone with their tenant', async () => {
    const database = await open()
    const options = { devices: { roots: [] }, database }
    let tenant: string
    {
      await using hsm = await openHsm(options)
      tenant = (await hsm.tenants.create(callerIn(null), 'office', 'ann')).id
      const office = callerIn(tenant)
      const { id, revision } = await hsm.issuers.create(office, 'company', settings)
      await assert.rejects(hsm.issuers.create(office, 'company', { ...settings, url: 'https://b.example' }), {
        code: 'EXISTS',
      })
      await assert.rejects(hsm.issuers.create(office, 'again', settings), {
        code: 'EXISTS',
        message: /company has this URL/,
      })
      const root = { rules: [{ roles: ['root'], tags: [] }] } as const
      await assert.rejects(hsm.issuers.change(office, 'company', root), { code: 'INVALID' })
      await assert.rejects(hsm.issuers.change(office, 'company', { rules: [{ claim: 'a', roles: [], tags: [] }] }), {
        code: 'INVALID',
      })
      await hsm.issuers.change(office, id, { audiences: ['a', 'b'] }, revision)
      await assert.rejects(hsm.issuers.change(office, id, { audiences: ['c'] }, revision), { code: 'STALE' })
      await assert.rejects(hsm.issuers.get(callerIn(hsm.tenants.main), 'company'), { code: 'NOT_FOUND' })
      await hsm.issuers.create(callerIn(hsm.tenants.main), 'company', settings)
      const { items } = await hsm.events.list(office, {}, { limit: 9 })
      const types = items.map(({ type }) => type).filter(type => type.startsWith('issuer.'))
      assert.deepEqual(types.toSorted(), ['issuer.changed', 'issuer.created'])
    }
    await using hsm = await openHsm(options)
    const office = callerIn(tenant)
    const [issuer] = await hsm.issuers.list(office)
    assert.deepEqual([issuer?.audiences, issuer?.rules], [['a', 'b'], settings.rules])
    const who = await hsm.issued.callerOf(issuer!, { subject: 'ben', roles: ['operator'], tags: [] }, login.address)
    assert.equal((await hsm.principals.get(office, 'company/ben')).id, who?.principal)
    await hsm.principals.delete(office, 'company/ben')
    const again = await hsm.issued.callerOf(issuer!, { subject: 'ben', roles: [], tags: [] }, login.address)
    assert.notEqual(again?.principal, who?.principal)
    await hsm.tenants.delete(callerIn(null), 'office')
    assert.equal((await hsm.issued.issuersAt(settings.url)).length, 1)
    const left = await hsm.store.db.selectFrom('issuer_principals').selectAll().execute()
    assert.deepEqual(left, [])
  })

  test('whoever came with its tokens is gone with it, whatever else he logged in with', async () => {
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const office = callerIn((await hsm.tenants.create(callerIn(null), 'office', 'ann')).id)
    const issuer = await hsm.issuers.create(office, 'company', settings)
    await hsm.issued.callerOf(issuer, { subject: 'ben', roles: [], tags: [] }, login.address)
    const { token } = await hsm.credentials.create(office, 'company/ben', 'his own')
    const { secret } = await hsm.invitations.create(office, 'company/ben')
    await hsm.invitations.accept(secret, { password: 'correct horse battery' }, { address: '127.0.0.1', client: '' })
    await hsm.issuers.delete(office, 'company')
    assert.equal(await hsm.logins.byToken(token, login.address), undefined)
    await assert.rejects(hsm.principals.get(office, 'company/ben'), { code: 'NOT_FOUND' })
  })
})
