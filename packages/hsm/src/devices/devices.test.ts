import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { enrolmentCode } from '@keytether/card'
import { Emulator, emulatorRoot, memoryStore, type Store } from '@keytether/emulator'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { DevicesOptions } from '../sessions/devices.ts'
import { newId } from '../store/ids.ts'
import { ceremonyWords } from './ceremony.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const utf8 = (text: string) => new TextEncoder().encode(text)
const pin = utf8('648219')
const soPin = utf8('57621880')
const never = new AbortController().signal
const share = (byte: number) => new Uint8Array(32).fill(byte)

eachDatabase((_, open) => {
  const start = async (devices: Partial<DevicesOptions> = {}, database?: string) =>
    openHsm({
      devices: { roots: [emulatorRoot], admit: 'claimed', ...devices },
      database: database ?? (await open()),
      masterKey: { key: new Uint8Array(32).fill(7) },
    })

  describe('quarantine', () => {
    test('a device waits until somebody claims it who knows its code, and is then nobody else’s', async () => {
      await using hsm = await start()
      const { session, token } = await dialIn(hsm)
      assert.equal(session.state, 'secured')
      assert.match(session.reason!, /^in quarantine: an administrator claims it/)
      const [ann, bob] = [await tenant(hsm, 'ann'), await tenant(hsm, 'bob')]
      assert.deepEqual([hsm.registry.list(ann), hsm.registry.list(bob)], [[], []])
      const device = lastPart(session)
      const code = codeOf(session)
      for (const wrong of ['0000-0000-0000-0000', `${code}0`, '']) {
        await assert.rejects(hsm.registry.claim(ann, { device, code: wrong }), { code: 'NOT_FOUND' })
      }
      await assert.rejects(hsm.registry.claim(ann, { device: 'DENK0000000', code }), { code: 'NOT_FOUND' })
      const claimed = await hsm.registry.claim(ann, { device, code: code.toLowerCase().replaceAll('-', '') })
      assert.deepEqual([claimed.row.name, claimed.row.state, claimed.row.tenant_id], [device, 'claimed', ann.tenant])
      await assert.rejects(hsm.registry.claim(bob, { device, code }), { code: 'NOT_FOUND' })
      for (const look of [
        () => hsm.registry.device(bob, device),
        () => hsm.registry.device(bob, claimed.row.id),
        () => hsm.registry.device(bob, session.id!),
      ])
        assert.throws(look, { code: 'NOT_FOUND' })
      await assert.rejects(hsm.registry.release(bob, device), { code: 'NOT_FOUND' })
      assert.deepEqual(hsm.registry.list(ann)[0]!.state, 'secured')
      assert.equal(hsm.registry.list(ann)[0]!.advice, 'initialise it')
      assert.equal(hsm.pools.of(claimed.row.group_id!).members.length, 0)
      await hsm.registry.release(ann, device)
      assert.match(session.reason!, /^in quarantine/)
      assert.equal(hsm.registry.quarantine().length, 1)
      await token.close()
    })

    test('what waits there is not opened, and its keys are not listed', async () => {
      const store = await prepared()
      await using hsm = await start({ pins: new Map() })
      const { session } = await dialIn(hsm, store)
      assert.deepEqual([session.state, session.inventory, session.keys], ['secured', undefined, []])
      const { facts } = hsm.registry.quarantine()[0]!
      assert.equal(facts, undefined)
    })

    test('a genuine device is main’s where the configuration says so, or names it', async () => {
      const store = await prepared()
      const database = await open()
      {
        await using hsm = await start({ admit: 'genuine' }, database)
        const { session } = await dialIn(hsm, store)
        const { row } = hsm.registry.device(main(hsm), lastPart(session))
        assert.equal(row.state, 'claimed')
      }
      // It stays so when the configuration does not say so any more.
      await using hsm = await start({}, database)
      assert.equal(hsm.registry.list(main(hsm)).length, 1)
      assert.match(hsm.registry.list(main(hsm))[0]!.reason!, /not connected since the service started/)
    })
  })

  test('an enrolment claims so many devices, until it ends', async () => {
    await using hsm = await start()
    const ann = await tenant(hsm, 'ann')
    const { secret } = await hsm.enrolments.create(ann, { name: 'office', uses: 2 })
    await assert.rejects(hsm.enrolments.create(ann, { name: 'office' }), { code: 'EXISTS' })
    for (const enrolment of [secret, secret, secret, `${secret}x`]) await dialIn(hsm, memoryStore(), enrolment)
    assert.equal(hsm.registry.list(ann).length, 2)
    assert.equal(hsm.registry.quarantine().length, 2)
    assert.equal((await hsm.enrolments.list(ann))[0]!.uses_left, 0)
    const soon = await hsm.enrolments.create(ann, { name: 'soon', expiresAt: hsm.now() + 5 })
    await new Promise(resolve => setTimeout(resolve, 10))
    await dialIn(hsm, memoryStore(), soon.secret)
    assert.equal(hsm.registry.list(ann).length, 2)
    await assert.rejects(hsm.enrolments.delete(await tenant(hsm, 'bob'), 'office'), { code: 'NOT_FOUND' })
    await hsm.enrolments.delete(ann, 'office')
    const stored = JSON.stringify(await hsm.store.db.selectFrom('enrolments').selectAll().execute())
    assert.ok(!stored.includes(soon.secret))
  })

  test('a device is initialised as a dry run has shown, and opened with a PIN that is kept sealed', async () => {
    const database = await open()
    const store = memoryStore()
    {
      await using hsm = await start({ admit: 'genuine' }, database)
      const caller = main(hsm)
      const { session } = await dialIn(hsm, store)
      const device = lastPart(session)
      const plan = await hsm.lifeCycle.plan(caller, device, never)
      assert.deepEqual([plan.words, plan.soPin.status], [[], 'notInitialized'])
      const order = { soPin, userPin: pin, keepPin: true, dkekShares: 2, label: 'office' }
      await assert.rejects(hsm.lifeCycle.initialize(caller, device, { ...order, confirmation: 'other' }, never), {
        code: 'WRONG_STATE',
      })
      const { confirmation } = plan
      const left = { device_path: session.id!, reference: 1, card_key_id: 'AA', created_at: 1 }
      await hsm.store.write(db => db.insertInto('leftovers').values(left).execute())
      await hsm.lifeCycle.initialize(caller, device, { ...order, confirmation }, never)
      assert.deepEqual(await hsm.store.db.selectFrom('leftovers').selectAll().execute(), [])
      await until(hsm, session, 'ready')
      await hsm.registry.settled()
      const { facts, warnings, row } = hsm.registry.device(caller, device)
      assert.deepEqual([facts!.label, facts!.keyDomains[0]!.outstanding], ['office', 2])
      assert.deepEqual(warnings, ['key domain 0 misses 2 of 2 shares'])
      assert.ok(!Buffer.from(row.pin!).includes(Buffer.from(pin)))
      const again = await hsm.lifeCycle.plan(caller, device, never)
      assert.deepEqual(again.words, ['key domain 0: misses 2 of 2 shares'])
      await assert.rejects(hsm.lifeCycle.initialize(caller, device, { ...order, confirmation }, never), {
        code: 'WRONG_STATE',
      })
      const wrong = { ...order, soPin: utf8('00000000'), confirmation: again.confirmation }
      await assert.rejects(hsm.lifeCycle.initialize(caller, device, wrong, never), /SO-PIN: wrong PIN, 14 tries left/)
      await until(hsm, session, 'ready')
    }
    await using hsm = await start({ admit: 'genuine' }, database)
    const { session } = await dialIn(hsm, store)
    assert.equal(session.state, 'ready')
    const history = await hsm.registry.history(main(hsm), lastPart(session), { limit: 100 })
    const types = history.map(({ type }) => type)
    for (const type of ['device.sighted', 'device.initialized']) {
      assert.equal(types.includes(type), type !== 'device.sighted', type)
    }
    const everything = JSON.stringify(await hsm.store.db.selectFrom('events').selectAll().execute())
    for (const secret of ['648219', '57621880']) assert.ok(!everything.includes(secret))
  })

  test('what is shown of a device follows the keys that the service puts there', async () => {
    const database = await open()
    const store = await prepared()
    {
      await using hsm = await start({ admit: 'genuine' }, database)
      const caller = main(hsm)
      const { session } = await dialIn(hsm, store)
      const device = lastPart(session)
      await hsm.pins.give(caller, device, { pin, keep: true }, never)
      await until(hsm, session, 'ready')
      await hsm.registry.settled()
      const before = hsm.registry.device(caller, device).facts!
      assert.deepEqual(before.keys, [])
      const type = { kind: 'EC', curve: 'secp256r1' } as const
      await hsm.keys.create(caller, { name: 'web', group: device, type }, never)
      const [key, ...more] = hsm.registry.device(caller, device).facts!.keys
      assert.deepEqual([key!.label, key!.kind, key!.bits, more], ['web', 'EC', 256, []])
      const room = () => hsm.registry.device(caller, device).facts!.freeMemory!
      while (room() === before.freeMemory) await new Promise(resolve => setTimeout(resolve, 20))
      assert.ok(room() < before.freeMemory!)
    }
    await using hsm = await start({ admit: 'genuine' }, database)
    const [offline] = hsm.registry.list(main(hsm))
    assert.deepEqual([offline!.state, offline!.facts!.keys.length], ['offline', 1])
  })

  test('a PIN that is sealed opens its device when the master key is given, and not before', async () => {
    const database = await open()
    const store = await prepared()
    {
      await using hsm = await start({ admit: 'genuine' }, database)
      const { session } = await dialIn(hsm, store)
      await hsm.pins.give(main(hsm), lastPart(session), { pin, keep: true }, never)
    }
    await using hsm = await openHsm({ devices: { roots: [emulatorRoot], admit: 'genuine' }, database })
    const { session } = await dialIn(hsm, store)
    assert.match(session.reason!, /^locked: its PIN cannot be opened: the service is sealed/)
    const give = hsm.pins.give(main(hsm), lastPart(session), { pin, keep: true }, never)
    await assert.rejects(give, { code: 'SEALED' })
    await hsm.vault.unseal(main(hsm), { key: new Uint8Array(32).fill(7) })
    await until(hsm, session, 'ready')
  })

  test('a retired device waits like a new one, and is taken again when it is claimed anew', async () => {
    const store = await prepared()
    await using hsm = await start({ admit: 'genuine' })
    const caller = main(hsm)
    const { session } = await dialIn(hsm, store)
    const device = lastPart(session)
    const { confirmation } = await hsm.lifeCycle.plan(caller, device, never)
    const wrong = { soPin: utf8('00000000'), confirmation }
    await assert.rejects(hsm.retirements.retire(caller, device, wrong, never), /not erased: SO-PIN: wrong PIN/)
    assert.equal(hsm.registry.device(caller, device).row.state, 'claimed')
    await hsm.retirements.retire(caller, device, { soPin, confirmation }, never)
    const { session: again } = await dialIn(hsm, store)
    assert.match(again.reason!, /^it was retired/)
    assert.equal(hsm.registry.device(caller, device).state, 'retired')
    await hsm.registry.claim(caller, { device, code: codeOf(again), name: 'anew' })
    assert.equal(hsm.registry.device(caller, 'anew').state, 'secured')
  })

  test('a wrong PIN is counted once, and is presented neither again nor as the last try', async () => {
    const store = await prepared()
    await using hsm = await start({ admit: 'genuine' })
    const caller = main(hsm)
    const { session } = await dialIn(hsm, store)
    const device = lastPart(session)
    const give = (text: string, keep = true) => hsm.pins.give(caller, device, { pin: utf8(text), keep }, never)
    assert.deepEqual(await give('111111'), {
      status: 'wrongPin',
      triesLeft: 2,
      words: 'wrong PIN, 2 tries left',
      kept: false,
    })
    await assert.rejects(give('111111'), { code: 'INVALID' })
    assert.equal((await give('222222')).triesLeft, 1)
    assert.equal((await give('333333')).status, 'lastTry')
    assert.equal((await give('648219')).status, 'lastTry')
    assert.match(hsm.registry.device(caller, device).warnings.join(), /user PIN/)
    const unblocked = await hsm.pins.unblock(caller, device, { soPin }, never)
    assert.equal(unblocked.status, 'verified')
    assert.deepEqual(await give('648219'), { status: 'verified', words: 'the PIN is verified', kept: true })
    assert.equal(session.state, 'ready')
    const changed = await hsm.pins.change(caller, device, { oldPin: pin, newPin: utf8('135790') }, never)
    assert.deepEqual([changed.status, changed.kept], ['verified', true])
    const again = await dialIn(hsm, store)
    assert.equal(again.session.state, 'ready')
    assert.equal(session.state, 'offline')
    assert.equal(session.reason, 'the device has connected anew')
    await hsm.pins.logout(caller, device, never)
    assert.deepEqual([again.session.state, again.session.reason], ['secured', 'logged out: give its PIN to open it'])
    await hsm.pins.forget(caller, device)
    assert.match(again.session.reason!, /^locked, 3 tries left/)
  })

  test('a wrong PIN that is given many times at once costs one try, as old PIN, as new one and of the officer', async () => {
    await using hsm = await start({ admit: 'genuine' })
    const caller = main(hsm)
    const { session } = await dialIn(hsm, await prepared())
    const device = lastPart(session)
    const wrong = utf8('111111')
    const attempts = [
      ...[1, 2, 3].map(() => hsm.pins.give(caller, device, { pin: wrong, keep: false }, never)),
      hsm.pins.change(caller, device, { oldPin: wrong, newPin: pin }, never),
      ...[1, 2].map(() => hsm.pins.unblock(caller, device, { soPin: utf8('00000000') }, never)),
    ]
    const outcomes = await Promise.allSettled(attempts)
    assert.deepEqual(
      outcomes.map(one => (one.status === 'fulfilled' ? one.value.triesLeft : one.reason.code)),
      [2, 'INVALID', 'INVALID', 'INVALID', 14, 'INVALID'],
    )
    const { facts } = await hsm.registry.refresh(caller, device, never)
    assert.deepEqual(facts!.userPin, { status: 'notVerified', triesLeft: 2 })
  })

  test('a device that somebody has to himself is not released, and the record of a retired one stays with its tenant', async () => {
    await using hsm = await start()
    const [ann, bob] = [await tenant(hsm, 'ann'), await tenant(hsm, 'bob')]
    const { session } = await dialIn(hsm, await prepared())
    const [device, code] = [lastPart(session), codeOf(session)]
    await hsm.registry.claim(ann, { device, code })
    await session.lend('ann', never)
    await assert.rejects(hsm.registry.release(ann, device), { code: 'TAKEN', message: /is lent to ann/ })
    session.takeBack(false)
    await session.settled()
    const { confirmation } = await hsm.lifeCycle.plan(ann, device, never)
    const signed = await hsm.retirements.retire(ann, device, { soPin, confirmation }, never)
    assert.deepEqual(await hsm.retirements.record(ann, device), signed)
    await session.settled()
    await hsm.registry.claim(bob, { device, code })
    await assert.rejects(hsm.retirements.record(bob, device), { code: 'NOT_FOUND' })
    const { items } = await hsm.events.list(ann, { types: ['device.released'] }, { limit: 2 })
    assert.deepEqual(
      items.map(({ actor, data }) => [actor, data]),
      [[null, { path: session.id, name: device }]],
    )
    assert.deepEqual(
      (await hsm.registry.history(bob, device, { limit: 100 })).filter(({ type }) => type === 'device.retired'),
      [],
    )
  })

  test('a wrong PIN of the configuration is presented once, whatever is started how often', async () => {
    const database = await open()
    const store = await prepared()
    const path = (await dialIn(await start({ admit: 'genuine' }), store)).session.id!
    const pins = new Map([[path, utf8('111111')]])
    for (const reason of [
      /^the PIN on record was not accepted: wrong PIN, 2 tries left/,
      /^the PIN on record was refused/,
    ]) {
      await using hsm = await start({ pins }, database)
      for (const _ of [1, 2]) {
        const { session } = await dialIn(hsm, store)
        assert.match(session.reason!, reason)
        if (reason.source.includes('accepted')) break
      }
    }
    await using hsm = await start({ pins: new Map([[path, pin]]) }, database)
    const { session } = await dialIn(hsm, store)
    await hsm.pins.give(main(hsm), lastPart(session), { pin, keep: false }, never)
    assert.equal((await dialIn(hsm, store)).session.state, 'ready')
  })

  test('a ceremony waits for its custodians through restarts of the service, and gives all devices the same key', async () => {
    const database = await open()
    const stores = [await prepared(2), await prepared(2)]
    const names: string[] = []
    let id: string
    {
      await using hsm = await start({ admit: 'genuine' }, database)
      for (const store of stores) names.push(lastPart((await dialIn(hsm, store)).session))
      const wanted = { devices: names, shares: 2, domain: 0, sameCustodian: false }
      await assert.rejects(hsm.ceremonies.open(main(hsm), { ...wanted, shares: 3 }, never), { code: 'WRONG_STATE' })
      const { row, data } = await hsm.ceremonies.open(main(hsm), wanted, never)
      id = row.id
      assert.equal(ceremonyWords(row.state, data), 'awaiting share 1 of 2')
      await assert.rejects(hsm.ceremonies.open(main(hsm), wanted, never), /in the ceremony/)
      const ann = { ...main(hsm), principal: 'prn_ann', name: 'ann' }
      const { data: after } = await hsm.ceremonies.importShare(ann, id, share(1), never)
      assert.equal(ceremonyWords('open', after), 'awaiting share 2 of 2')
      await assert.rejects(hsm.ceremonies.importShare(ann, id, share(2), never), { code: 'FORBIDDEN' })
    }
    await using hsm = await start({ admit: 'genuine' }, database)
    const bob = { ...main(hsm), principal: 'prn_bob', name: 'bob' }
    await dialIn(hsm, stores[0])
    await assert.rejects(hsm.ceremonies.importShare(bob, id, share(2), never), { code: 'NO_DEVICE' })
    await dialIn(hsm, stores[1])
    await assert.rejects(hsm.ceremonies.importShare(bob, id, share(1), never), { code: 'EXISTS' })
    await assert.rejects(hsm.ceremonies.importShare(await tenant(hsm, 'eve'), id, share(1), never), {
      code: 'NOT_FOUND',
    })
    const { row, data } = await hsm.ceremonies.importShare(bob, id, share(2), never)
    assert.equal(row.state, 'done')
    assert.match(ceremonyWords(row.state, data), /^all 2 shares are imported: key check value [0-9A-F]{16}$/)
    assert.equal(data.devices[0]!.keyCheckValue, data.devices[1]!.keyCheckValue)
    assert.deepEqual(
      data.imports.map(({ name }) => name),
      ['ann', 'bob'],
    )
    await assert.rejects(hsm.ceremonies.cancel(bob, id), { code: 'WRONG_STATE' })
  })

  test('a share that arrived on one of two devices only goes to the other one when it is given again', async () => {
    await using hsm = await start({ admit: 'genuine' })
    const [a, b] = [await dialIn(hsm, await prepared(1)), await dialIn(hsm, await prepared(1))]
    const wanted = { devices: [lastPart(a.session), lastPart(b.session)], shares: 1, domain: 0, sameCustodian: false }
    const { row } = await hsm.ceremonies.open(main(hsm), wanted, never)
    b.token.close = async () => {}
    const transmit = b.token.transmit.bind(b.token)
    let lost = false
    b.token.transmit = async commands => {
      if (a.imports() && !lost) {
        lost = true
        await Emulator.prototype.close.call(b.token)
      }
      return transmit(commands)
    }
    await assert.rejects(hsm.ceremonies.importShare(main(hsm), row.id, share(1), never))
    const interrupted = await hsm.ceremonies.find(main(hsm), row.id)
    assert.match(ceremonyWords('open', interrupted.data), /^share 1 of 1 was interrupted/)
    await assert.rejects(hsm.ceremonies.importShare(main(hsm), row.id, share(2), never), { code: 'WRONG_STATE' })
    await dialIn(hsm, b.store)
    const done = await hsm.ceremonies.importShare(main(hsm), row.id, share(1), never)
    assert.equal(done.row.state, 'done')
  })
})

interface Dialled {
  readonly token: Emulator
  readonly store: Store
  readonly session: DeviceSession
  /** How many key shares were on their way to it. */
  imports(): number
}

/** Connects a token, and waits until it has come as far as it goes. */
async function dialIn(hsm: Hsm, store: Store = memoryStore(), enrolment?: string): Promise<Dialled> {
  const token = await Emulator.open({ store })
  const session = hsm.devices.attach(token, enrolment === undefined ? {} : { enrolment })
  let sent = 0
  const transmit = token.transmit.bind(token)
  let counting = false
  token.transmit = commands => {
    if (counting) sent++
    return transmit(commands)
  }
  await session.settled()
  await hsm.registry.settled()
  counting = true
  return { token, store, session, imports: () => sent }
}

async function until(hsm: Hsm, session: DeviceSession, state: string): Promise<void> {
  while (session.state !== state) await once(hsm.devices.events, 'change', { signal: AbortSignal.timeout(5_000) })
}

/** The store of a token that is initialised. */
async function prepared(dkekShares?: number): Promise<Store> {
  const { SmartCardHsm } = await import('@keytether/driver')
  const store = memoryStore()
  const token = await Emulator.open({ store })
  const card = await SmartCardHsm.open(token, { roots: [emulatorRoot] })
  const shares = dkekShares === undefined ? {} : { dkekShares }
  assert.equal((await card.initialize({ soPin, userPin: pin, ...shares })).status, 'verified')
  await token.close()
  return store
}

function codeOf({ identity }: DeviceSession): string {
  return enrolmentCode(identity!.devicePublicKey)
}

function lastPart({ id }: DeviceSession): string {
  return id!.split('.').at(-1)!
}

function main(hsm: Hsm): Caller {
  return callerOf(hsm.tenants.main)
}

async function tenant(hsm: Hsm, name: string): Promise<Caller> {
  const id = newId('tnt')
  await hsm.store.write(db => db.insertInto('tenants').values({ id, name, created_at: 0 }).execute())
  return callerOf(id)
}

function callerOf(id: string): Caller {
  return { tenant: id, principal: `prn_of_${id}`, name: 'somebody', roles: ['administrator'], tags: [], login }
}
