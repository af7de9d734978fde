/** What does each operation of the REST API. */
import type { Operations } from '@keytether/api'
import type { Handlers } from './handler.ts'
import { serviceHandlers } from './service.ts'

export const handlers: Handlers<Operations> = { ...serviceHandlers }
