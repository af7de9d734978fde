/** What tenants may have, and ask for. */
import type { limitOperations } from '@keytether/api'
import type { Handlers } from './handler.ts'

export const limitHandlers: Handlers<typeof limitOperations> = {
  changeTenant({ limits }, { caller, params, body }) {
    return limits.change(caller, params.tenant, body.limits)
  },
  getTenant({ limits }, { caller }) {
    return limits.usage(caller)
  },
}
