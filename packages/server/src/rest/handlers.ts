/** What does each operation of the REST API. */
import type { Operations } from '@keytether/api'
import type { Handlers } from './handler.ts'
import { principalHandlers } from './principals.ts'
import { serviceHandlers } from './service.ts'
import { tenantHandlers } from './tenants.ts'

export const handlers: Handlers<Operations> = {
  ...serviceHandlers,
  ...tenantHandlers,
  ...principalHandlers,
}
