/** The service itself. */
import { z } from 'zod'
import { operation, roles } from './operation.ts'

export const serviceOperations = {
  whoAmI: operation({
    method: 'GET',
    path: '/me',
    summary: 'Who the credential belongs to, and what it may',
    roles: [],
    rate: 'read',
    answer: z.strictObject({
      id: z.string(),
      name: z.string(),
      /** Absent: root. */
      tenant: z.string().optional(),
      roles: z.array(z.enum(roles)),
      tags: z.array(z.string()),
    }),
  }),
}
