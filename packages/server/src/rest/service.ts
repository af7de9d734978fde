/** The service itself. */
import type { serviceOperations } from '@keytether/api'
import type { Handlers } from './handler.ts'

export const serviceHandlers: Handlers<typeof serviceOperations> = {
  whoAmI(_, { caller: { principal, name, tenant, roles, tags } }) {
    return { id: principal, name, ...(tenant !== null && { tenant }), roles: [...roles], tags: [...tags] }
  },
}
