/** The service itself. */
import type { BodyInput, serviceOperations } from '@keytether/api'
import { fromHex } from '@keytether/codec'
import type { MasterKey } from '@keytether/hsm'
import { version } from '../version.ts'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

type Operations = typeof serviceOperations

export const serviceHandlers: Handlers<Operations> = {
  whoAmI(_, { caller: { principal, name, tenant, roles, tags } }) {
    return { id: principal, name, ...(tenant !== null && { tenant }), roles: [...roles], tags: [...tags] }
  },
  describeService({ store, vault, startedAt }) {
    return { version, database: store.kind, secrets: vault.state, startedAt: isoTime(startedAt) }
  },
  async unseal({ vault }, { caller, body }) {
    await vault.unseal(caller, masterKey(body))
  },
  async changeMasterKey({ vault }, { caller, body: { current, next } }) {
    await vault.changeMasterKey(caller, masterKey(current), masterKey(next))
  },
}

function masterKey(given: BodyInput<Operations['unseal']>): MasterKey {
  return 'key' in given ? { key: fromHex(given.key) } : given
}
