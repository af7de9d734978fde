import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emulatorRoot } from '@keytether/emulator'
import { GroupToken } from '@keytether/test/token-group'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { traceDevice } from './trace.ts'

const never = new AbortController().signal

async function opened() {
  const hsm = await openHsm({ devices: { roots: [emulatorRoot] } })
  const caller: Caller = {
    ...{ principal: 'prn_test', name: 'tester', tenant: hsm.tenants.main, tags: [], roles: ['administrator'] },
    login: { credential: 'test', address: '127.0.0.1' },
  }
  const tokens = [await GroupToken.make(), await GroupToken.make()] as const
  for (const token of tokens) await token.plugIn(hsm.devices)
  await hsm.registry.settled()
  return { hsm, caller, path: tokens[0].path, other: tokens[1].path }
}

function watch(hsm: Hsm, caller: Caller, device: string, { limit = 100, signal = never } = {}) {
  const seen: string[] = []
  const ended = traceDevice(hsm, caller, device, {
    ...{ limit, signal },
    onExchange: ({ command, outcome }) => seen.push(`${command}: ${outcome}`),
    onState: ({ state, reason }) => seen.push(reason === undefined ? state : `${state}: ${reason}`),
  })
  return { seen, ended }
}

const ask = (hsm: Hsm, path: string) => hsm.devices.hsm(path).run(card => card.deviceStatus(), never)

test('of one device alone, until there were as many as are wanted; then nobody listens any more', async () => {
  const { hsm, caller, path, other } = await opened()
  await using _ = hsm
  const { seen, ended } = watch(hsm, caller, path, { limit: 2 })
  await ask(hsm, other)
  for (let i = 0; i < 3; i++) await ask(hsm, path)
  assert.equal(await ended, 'limit')
  assert.deepEqual(seen, ['ready', 'DEVICE STATUS: ok', 'DEVICE STATUS: ok'])
  assert.equal(hsm.devices.events.listenerCount('exchange'), 0)
})

test('until its time is over, and over what becomes of the device', async () => {
  const { hsm, caller, path } = await opened()
  await using _ = hsm
  const over = new AbortController()
  const { seen, ended } = watch(hsm, caller, path, { signal: over.signal })
  hsm.devices.session(path)!.close('pulled')
  over.abort()
  assert.equal(await ended, 'time')
  assert.deepEqual(seen, ['ready', 'offline: pulled'])
  const later = watch(hsm, caller, path, { signal: AbortSignal.abort() })
  assert.equal(await later.ended, 'time')
  assert.deepEqual(later.seen, ['offline: pulled'])
})

test('for no longer than it is sure that the caller may', async () => {
  const { hsm, caller, path } = await opened()
  await using _ = hsm
  const disabled = watch(hsm, caller, path)
  hsm.logins.forget(caller.tenant!)
  assert.equal(await disabled.ended, 'rights')
  const released = watch(hsm, caller, path)
  await hsm.registry.release(caller, path)
  assert.equal(await released.ended, 'rights')
  assert.deepEqual(released.seen, ['ready'])
  await assert.rejects(watch(hsm, { ...caller, tenant: 'tnt_other' }, path).ended, { code: 'NOT_FOUND' })
})
