/** What does each operation of the REST API. */
import type { Operations } from '@keytether/api'

import { auditHandlers } from './audit.ts'
import { authorityHandlers } from './authorities.ts'
import { batch } from './batch.ts'
import { ceremonyHandlers } from './ceremonies.ts'
import { singleHandlers } from './cryptography.ts'
import { deviceHandlers } from './devices.ts'
import { enrolmentHandlers } from './enrolments.ts'
import { eventHandlers } from './events.ts'
import { groupTestHandlers } from './group-test.ts'
import { groupHandlers } from './groups.ts'
import type { Handlers } from './handler.ts'
import { issuerHandlers } from './issuers.ts'
import { keyHandlers } from './keys.ts'
import { limitHandlers } from './limits.ts'
import { peopleHandlers } from './people.ts'
import { principalHandlers } from './principals.ts'
import { serviceHandlers } from './service.ts'
import { tenantHandlers } from './tenants.ts'

export const handlers: Handlers<Operations> = {
  ...serviceHandlers,
  ...tenantHandlers,
  ...limitHandlers,
  ...principalHandlers,
  ...issuerHandlers,
  ...peopleHandlers,
  ...authorityHandlers,
  ...deviceHandlers,
  ...enrolmentHandlers,
  ...ceremonyHandlers,
  ...groupHandlers,
  ...groupTestHandlers,
  ...keyHandlers,
  ...singleHandlers,
  batch,
  ...eventHandlers,
  ...auditHandlers,
}
