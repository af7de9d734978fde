/** Tenants. */
import type { tenantOperations } from '@keytether/api'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

export const tenantHandlers: Handlers<typeof tenantOperations> = {
  async listTenants({ tenants, limits }, { query }) {
    const { items, ...rest } = await tenants.list(query)
    const answers = items.map(({ id, name, createdAt }) => ({
      ...{ id, name, createdAt: isoTime(createdAt) },
      limits: limits.of(id),
    }))
    return { items: answers, ...rest }
  },
  async createTenant({ tenants }, { caller, body }) {
    const { id, name, createdAt, administrator, credential } = await tenants.create(
      caller,
      body.name,
      body.administrator,
    )
    return {
      id,
      name,
      createdAt: isoTime(createdAt),
      limits: {},
      administrator: { id: administrator.id, name: administrator.name },
      token: credential.token,
    }
  },
  async showAddresses({ tenants }, { caller }) {
    const addresses = await tenants.addressesOf(caller)
    return addresses === undefined ? {} : { addresses: [...addresses] }
  },
  async restrictAddresses({ tenants }, { caller, body }) {
    await tenants.restrict(caller, body.addresses)
  },
  async deleteTenant({ tenants }, { caller, params }) {
    await tenants.delete(caller, params.tenant)
  },
}
