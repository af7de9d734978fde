import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { openHsm } from '../hsm.ts'

eachDatabase((_, open) => {
  test('a secret makes one administrator, however often it is shown at once', async () => {
    const database = await open()
    {
      await using hsm = await openHsm({ devices: { roots: [] }, database })
      assert.equal(await hsm.bootstrap.use('', 'ann'), undefined)
      const secret = (await hsm.bootstrap.open())!
      assert.equal(await hsm.bootstrap.use(`${secret}x`, 'ann'), undefined)
      const tries = await Promise.all(['ann', 'ben', 'eve'].map(name => hsm.bootstrap.use(secret, name)))
      const made = tries.filter(one => one !== undefined)
      assert.equal(made.length, 1)
      const caller = await hsm.logins.byToken(made[0]!.credential.token, '127.0.0.1')
      assert.deepEqual([caller?.tenant, caller?.roles], [hsm.tenants.main, ['administrator']])
      assert.equal(await hsm.bootstrap.use(secret, 'eve'), undefined)
    }
    await using hsm = await openHsm({ devices: { roots: [] }, database })
    assert.equal(await hsm.bootstrap.open(), undefined)
  })

  test('a secret is good for nothing when somebody can log in by now', async () => {
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const secret = (await hsm.bootstrap.open())!
    const login = { credential: 'token', address: '127.0.0.1' }
    await hsm.logins.byName('configured', hsm.tenants.main, ['administrator'], login)
    assert.equal(await hsm.bootstrap.use(secret, 'eve'), undefined)
  })
})
