/** All operations of the REST API. */
import { auditOperations } from './audit.ts'
import { authorityOperations } from './authorities.ts'
import { ceremonyOperations } from './ceremonies.ts'
import { cryptographyOperations } from './cryptography.ts'
import { deviceOperations } from './devices.ts'
import { enrolmentOperations } from './enrolments.ts'
import { eventOperations } from './events.ts'
import { groupTestOperations } from './group-test.ts'
import { groupOperations } from './groups.ts'
import { issuerOperations } from './issuers.ts'
import { keyOperations } from './keys.ts'
import { limitOperations } from './limits.ts'
import type { Operation } from './operation.ts'
import { peopleOperations } from './people.ts'
import { principalOperations } from './principals.ts'
import { serviceOperations } from './service.ts'
import { tenantOperations } from './tenants.ts'

export const operations = {
  ...serviceOperations,
  ...tenantOperations,
  ...limitOperations,
  ...principalOperations,
  ...issuerOperations,
  ...peopleOperations,
  ...authorityOperations,
  ...deviceOperations,
  ...enrolmentOperations,
  ...ceremonyOperations,
  ...groupOperations,
  ...groupTestOperations,
  ...keyOperations,
  ...cryptographyOperations,
  ...eventOperations,
  ...auditOperations,
} as const satisfies Record<string, Operation>

export type Operations = typeof operations
export type OperationName = keyof Operations
