/** All operations of the REST API. */
import type { Operation } from './operation.ts'
import { serviceOperations } from './service.ts'

export const operations = { ...serviceOperations } as const satisfies Record<string, Operation>

export type Operations = typeof operations
export type OperationName = keyof Operations
