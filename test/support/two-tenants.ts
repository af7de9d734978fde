/** A domain with two tenants: one that has something of everything, and one that has nothing. */
import { exampleOf, jsonSchema, operations } from '@keytether/api'
import { type Hsm, openHsm } from '@keytether/hsm'

const login = { credential: 'test', address: '127.0.0.1' }

export interface TwoTenants extends AsyncDisposable {
  readonly hsm: Hsm
  /** The id of the tenant that has nothing. */
  readonly mine: string
  /** What the other one has: by the name of a path parameter, how it could be called. */
  readonly theirs: Readonly<Record<string, readonly string[]>>
}

const root = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login } as const
const times = { created_at: 1, revision: 1 } as const

/** @param database that keeps what is written when it is closed: devices are read when it is opened */
export async function twoTenants(database: string): Promise<TwoTenants> {
  const masterKey = { key: new Uint8Array(32) }
  const made = await openHsm({ devices: { roots: [] }, database, masterKey })
  const { id: tenant_id, administrator } = await made.tenants.create(root, 'theirs', 'ann')
  const { id: mine } = await made.tenants.create(root, 'mine', 'bob')
  const certificate = exampleOf(jsonSchema(operations.createAuthority.body.shape.certificate, 'input')) as string
  const ann = { ...root, tenant: tenant_id, roles: ['administrator'] } as const
  const authority = await made.authorities.create(ann, 'theirs', certificate)
  const [group_id, device_id, key_id, version_id] = ['grp_theirs', 'dev_theirs', 'key_theirs', 'kv_theirs'] as const
  const path = 'ZZTESTROOT.ZZTESTCA.ZZTHEIRS01'
  await made.store.write(async db => {
    const group = { id: group_id, tenant_id, name: 'theirs', key_domain: null, ...times }
    await db.insertInto('groups').values(group).execute()
    const device = { id: device_id, path, tenant_id, group_id, name: 'theirs', state: 'claimed', priority: 0 } as const
    const more = { standby: 0, pin: null, pin_refused: 0, facts: '{}', last_seen_at: null, ...times }
    await db
      .insertInto('devices')
      .values({ ...device, ...more })
      .execute()
    const kind = { kind: 'EC', parameter: 'secp256r1', algorithms: '[]', tags: '[]' } as const
    const key = {
      id: key_id,
      tenant_id,
      group_id,
      name: 'theirs',
      durability: 1,
      use_counter: null,
      rotate_after: null,
    }
    await db
      .insertInto('keys')
      .values({ ...key, ...kind, primary_version: 1, ...times })
      .execute()
    const none = { reason: null, identity: null, wrapped: null, key_domain: null, attestation: null, certificate: null }
    const version = {
      id: version_id,
      key_id,
      version: 1,
      state: 'active',
      other_state: 'active',
      state_since: 1,
    } as const
    const unused = { answer: null, destroy_at: null, uses: 0, last_used_at: null, public_key: null }
    await db
      .insertInto('key_versions')
      .values({ ...version, ...none, ...unused, card_key_id: '0A', label: 'theirs', created_at: 1 })
      .execute()
    const enrolment = { id: 'enr_theirs', tenant_id, name: 'theirs', group_id, secret_hash: '00', created_at: 1 }
    await db
      .insertInto('enrolments')
      .values({ ...enrolment, uses_left: null, expires_at: null })
      .execute()
    const issuer = { id: 'iss_theirs', tenant_id, name: 'theirs', url: 'https://theirs.example', audiences: '["hsm"]' }
    const trusting = { algorithms: '["ES256"]', name_claim: 'sub', rules: '[]', authorities: null }
    await db
      .insertInto('issuers')
      .values({ ...issuer, ...trusting, ...times })
      .execute()
    const passkey = {
      id: 'psk_theirs',
      principal_id: administrator.id,
      name: 'theirs',
      credential_id: 'AAAA',
      created_at: 1,
    }
    await db
      .insertInto('passkeys')
      .values({ ...passkey, public_key: new Uint8Array(1), sign_count: 0, transports: '[]', last_used_at: null })
      .execute()
    const session = { id: 'ses_theirs', principal_id: administrator.id, token_hash: '00', way: 'passkey' } as const
    const used = { created_at: Date.now(), last_used_at: Date.now(), expires_at: Date.now() + 3_600_000 }
    await db
      .insertInto('sessions')
      .values({ ...session, ...used, address: '127.0.0.1', client: '' })
      .execute()
    const ceremony = { id: 'cer_theirs', tenant_id, device_id, kind: 'dkek', state: 'open', data: '{}' } as const
    await db
      .insertInto('ceremonies')
      .values({ ...ceremony, updated_at: 1, ...times })
      .execute()
  })
  await made[Symbol.asyncDispose]()
  const hsm = await openHsm({ devices: { roots: [] }, database, masterKey })
  return {
    hsm,
    mine,
    theirs: {
      principal: [administrator.id, 'ann'],
      credential: ['first'],
      authority: [authority.id, 'theirs'],
      passkey: ['psk_theirs', 'theirs'],
      session: ['ses_theirs'],
      group: [group_id, 'theirs'],
      device: [device_id, 'theirs', path, 'ZZTHEIRS01'],
      key: [key_id, 'theirs'],
      enrolment: ['enr_theirs', 'theirs'],
      issuer: ['iss_theirs', 'theirs'],
      ceremony: ['cer_theirs'],
      version: ['1'],
    },
    [Symbol.asyncDispose]: () => hsm[Symbol.asyncDispose](),
  }
}
