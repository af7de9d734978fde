/** The service itself. */
import type { BodyInput, serviceOperations } from '@keytether/api'
import { fromHex } from '@keytether/codec'
import { type Caller, type MasterKey, tenantHealth } from '@keytether/hsm'
import { RequestError } from '../errors.ts'
import { version } from '../version.ts'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

type Operations = typeof serviceOperations

export const serviceHandlers: Handlers<Operations> = {
  async whoAmI({ tenants }, { caller: { principal, name, tenant, roles, tags } }) {
    const of = tenant === null ? {} : { tenant: await tenants.nameOf(tenant) }
    return { id: principal, name, ...of, roles: [...roles], tags: [...tags] }
  },
  describeService({ store, vault, startedAt }) {
    return { version, database: store.kind, secrets: vault.state, startedAt: isoTime(startedAt) }
  },
  async describeHealth(hsm, { caller }) {
    const { state, reasons, groups, devices } = await tenantHealth(hsm, caller)
    return {
      ...{ state, reasons: [...reasons] },
      groups: groups.map(({ group: { id, name }, state, reasons, members, durability }) => {
        return { id, name, state, reasons: [...reasons], members: members.length, operational: durability }
      }),
      devices: devices.map(({ row: { id, name, path }, state, reason, advice, warnings }) => ({
        ...{ id, name: name ?? path, state, warnings: [...warnings] },
        ...(reason !== undefined && { reason }),
        ...(advice !== undefined && { advice }),
      })),
    }
  },
  async bootstrap({ bootstrap, tries }, { caller, body }) {
    const { address } = caller.login
    const made = await tries.once('bootstrap', address, () => bootstrap.use(body.secret, body.administrator))
    if (made === undefined) throw new RequestError('UNAUTHORIZED', 'this secret lets nobody in, or not any more')
    const { administrator, credential } = made
    return { administrator: { id: administrator.id, name: administrator.name }, token: credential.token }
  },
  async unseal({ vault, tenants }, { caller, body }) {
    mustRunService(caller, tenants.main)
    await vault.unseal(caller, masterKey(body))
  },
  async changeMasterKey({ vault, tenants }, { caller, body: { current, next } }) {
    mustRunService(caller, tenants.main)
    await vault.changeMasterKey(caller, masterKey(current), masterKey(next))
  },
  async rotateDataKey({ vault, tenants }, { caller, body }) {
    mustRunService(caller, tenants.main)
    return { sealed: await vault.rotateDataKey(caller, masterKey(body)) }
  },
}

/** The master key is of all tenants: administrators of others than main have no say in it. */
function mustRunService({ tenant, name }: Caller, main: string): void {
  if (tenant === null || tenant === main) return
  throw new RequestError(
    'FORBIDDEN',
    `the master key is for root and the administrators of main, and ${name} is neither`,
  )
}

function masterKey(given: BodyInput<Operations['unseal']>): MasterKey {
  return 'key' in given ? { key: fromHex(given.key) } : given
}
