/** The keys of a group of emulated tokens, over a database, without a service around them. */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { WrappedKeyFile } from '@keytether/card'
import { decode } from '@keytether/codec'
import { emulatorRoot } from '@keytether/emulator'
import { Devices, type Foundation, History, HsmError } from '@keytether/hsm'
import { Keys } from '../../packages/hsm/src/keys/keys.ts'
import { Pools } from '../../packages/hsm/src/scheduler/pools.ts'
import { openStore } from '../../packages/hsm/src/store/store.ts'
import { caller, type GroupToken } from './token-group.ts'

export class KeyBench implements AsyncDisposable {
  readonly foundation: Foundation
  readonly events: string[] = []
  /** What the time is for the keys: it stands still unless moved. */
  at = Date.now()
  keys!: Keys

  private constructor(store: Foundation['store']) {
    const devices = new Devices({ roots: [emulatorRoot] })
    const now = () => this.at
    const pools = new Pools(devices, () => 'grp_test')
    this.foundation = { store, history: new History(store, now), devices, pools, now }
    this.foundation.history.events.on('event', ({ type }) => this.events.push(type))
  }

  static async open(url: string, tokens: readonly GroupToken[]): Promise<KeyBench> {
    const bench = new KeyBench(await openStore(url))
    await bench.#seed(tokens)
    await bench.reopen()
    return bench
  }

  /** As when the service is started again, but that the devices stay. */
  async reopen(): Promise<void> {
    await this.keys?.[Symbol.asyncDispose]()
    this.keys = await Keys.open(this.foundation, copying(this.foundation))
  }

  /** Uses the key on each of these tokens, and verifies what comes of that. */
  async signs(name: string, on: readonly GroupToken[], as = 1): Promise<void> {
    const { version, instances } = this.keys.usable(caller, name, 'sign')
    assert.equal(version.version, as)
    for (const { path } of on) {
      const info = instances.get(path)
      assert.ok(info, `${name} on ${path}`)
      const signature = await this.foundation.devices.hsm(path).run(card => card.signHash(info, 'ECDSA', hash), never)
      const key = createPublicKey({ key: Buffer.from(version.public_key!), format: 'der', type: 'spki' })
      assert.ok(verify('sha256', message, key, signature))
    }
  }

  async noLeftovers(): Promise<void> {
    const { db } = this.foundation.store
    for (let round = 0; round < 1_000; round++) {
      if ((await db.selectFrom('leftovers').select('reference').executeTakeFirst()) === undefined) return
      await new Promise(done => setTimeout(done, 10))
    }
    assert.fail('what was left is not deleted')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keys[Symbol.asyncDispose]()
    this.foundation.devices.close('the test is over')
    await this.foundation.store[Symbol.asyncDispose]()
  }

  async #seed(tokens: readonly GroupToken[]): Promise<void> {
    const keyDomain = await tokens[0]!.keyDomain()
    await this.foundation.store.write(async db => {
      await db.insertInto('tenants').values({ id: 'tnt_test', name: 'main', created_at: 0 }).execute()
      const group = { id: 'grp_test', tenant_id: 'tnt_test', name: 'pair', created_at: 0, revision: 1 }
      await db
        .insertInto('groups')
        .values({ ...group, key_domain: keyDomain })
        .execute()
      for (const [index, { path }] of tokens.entries()) {
        const device = { id: `dev_${index}`, path, tenant_id: 'tnt_test', group_id: 'grp_test', name: null }
        const rest = {
          priority: 0,
          standby: 0,
          pin: null,
          pin_refused: 0,
          facts: '{}',
          created_at: 0,
          last_seen_at: null,
        }
        await db
          .insertInto('devices')
          .values({ ...device, ...rest, state: 'claimed', revision: 1 })
          .execute()
      }
    })
  }
}

const never = new AbortController().signal
const message = Buffer.from('Hello')
const hash = createHash('sha256').update(message).digest()

/** As many copies as wanted, on members as they come. */
function copying({ store, pools }: Foundation) {
  return {
    async ensure(id: string, { copies, signal }: { readonly copies: number; readonly signal: AbortSignal }) {
      const version = await store.db
        .selectFrom('key_versions')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      const { members } = pools.of('grp_test')
      const holders = () => members.filter(({ keys }) => keys.some(key => key.id === version.card_key_id))
      for (const device of members) {
        if (holders().length >= copies) return
        if (holders().includes(device) || version.wrapped === null) continue
        const wrapped = decode(WrappedKeyFile, new Uint8Array(version.wrapped))
        await pools.alone(device).run(
          {
            ...{ kind: 'unwrap', repeatable: true, single: false },
            async run(card) {
              const info = await card.unwrapKey(wrapped)
              device.noteKey(info)
              await noteInstance(store, id, device.id!, info.reference)
            },
          },
          signal,
        )
      }
      if (holders().length < copies) throw new HsmError('NOT_DURABLE', 'members are short')
    },
  }
}

async function noteInstance(
  store: Foundation['store'],
  version: string,
  path: string,
  reference: number,
): Promise<void> {
  const device = await store.db.selectFrom('devices').select('id').where('path', '=', path).executeTakeFirstOrThrow()
  const values = {
    version_id: version,
    device_id: device.id,
    reference,
    state: 'verified',
    reason: null,
    checked_at: 0,
  } as const
  await store.write(db => db.insertInto('instances').values(values).execute())
}
