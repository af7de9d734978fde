import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHsm } from '../hsm.ts'
import type { DeviceSession } from '../sessions/device-session.ts'

test('who was revoked just before the database was away is looked at again', async t => {
  await using hsm = await openHsm({ devices: { roots: [] } })
  const { byPrincipal } = hsm.logins
  let asked = 0
  t.mock.method(hsm.logins, 'byPrincipal', async (...who: Parameters<typeof byPrincipal>) => {
    if (asked++ === 0) throw new Error('the database is away')
    return byPrincipal.apply(hsm.logins, who)
  })
  const { promise, resolve } = Promise.withResolvers<string>()
  const device = { origin: { agent: 'prn_gone', address: '192.0.2.7' }, state: 'ready', close: resolve }
  await hsm.agents.check(device as unknown as DeviceSession)
  const timer = setTimeout(() => resolve('nobody looked'), 5_000)
  assert.match(await promise, /may not connect devices any more/)
  clearTimeout(timer)
})
