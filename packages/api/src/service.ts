/** The service itself. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { roles } from './roles.ts'
import { Name, Time } from './values.ts'

/** 32 bytes, or words. What came is never repeated in an error. */
const MasterKey = z.union(
  [
    z.strictObject({ key: z.string().regex(/^[0-9A-Fa-f]{64}$/) }),
    z.strictObject({ passphrase: z.string().min(1).max(1024) }),
  ],
  'wanted a key of 64 hexadecimal digits, or a passphrase',
)

const platform = ['root', 'administrator'] as const

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
      /** Its name; absent: root. */
      tenant: z.string().optional(),
      roles: z.array(z.enum(roles)),
      tags: z.array(z.string()),
    }),
  }),
  describeService: operation({
    method: 'GET',
    path: '/service',
    summary: 'What runs here, and whether its secrets can be opened',
    roles: [],
    rate: 'read',
    answer: z.strictObject({
      version: z.string(),
      /** As SQLite, PostgreSQL. */
      database: z.string(),
      /** `new`: none was ever kept, and the first master key that is given becomes the one. */
      secrets: z.enum(['new', 'sealed', 'open']),
      startedAt: Time,
    }),
  }),
  describeHealth: operation({
    method: 'GET',
    path: '/health',
    summary: 'How the groups and devices of the tenant are, and why',
    description: 'As far as is known: no device is asked.',
    roles: ['administrator', 'custodian', 'manager', 'auditor', 'metrics'],
    rate: 'read',
    answer: z.strictObject({
      /** `unavailable`: a group does nothing. */
      state: z.enum(['healthy', 'degraded', 'unavailable']),
      /** Why it is not healthy, in words. */
      reasons: z.array(z.string()),
      groups: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          state: z.enum(['healthy', 'degraded', 'unavailable', 'empty']),
          reasons: z.array(z.string()),
          members: z.int(),
          /** Those that do the group's work. */
          operational: z.int(),
        }),
      ),
      devices: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          state: z.string(),
          reason: z.string().optional(),
          /** What is to be done. */
          advice: z.string().optional(),
          warnings: z.array(z.string()),
        }),
      ),
    }),
  }),
  bootstrap: operation({
    method: 'POST',
    path: '/bootstrap',
    summary: 'Makes the first administrator, by the secret that the service told where it was started',
    description:
      'A service that nobody can log in to tells one. It is good once. The token is shown this once; it is of the tenant main.',
    roles: [],
    open: true,
    rate: 'write',
    status: 201,
    body: z.strictObject({
      secret: z.string().min(1).max(256),
      /** The name of the administrator. */
      administrator: Name.default('administrator'),
    }),
    answer: z.strictObject({
      administrator: z.strictObject({ id: z.string(), name: z.string() }),
      token: z.string(),
    }),
    secret: true,
  }),
  unseal: operation({
    method: 'POST',
    path: '/unseal',
    summary: 'Gives the master key, so that the secrets in the database can be opened',
    description: 'One attempt at a time, and after a wrong one none for a second.',
    roles: platform,
    rate: 'slow',
    body: MasterKey,
    secret: true,
  }),
  changeMasterKey: operation({
    method: 'POST',
    path: '/master-key',
    summary: 'Changes the master key; what is sealed stays as it is',
    roles: platform,
    rate: 'slow',
    body: z.strictObject({ current: MasterKey, next: MasterKey }),
    secret: true,
  }),
  rotateDataKey: operation({
    method: 'POST',
    path: '/data-key',
    summary: 'Seals every secret anew, under a new data key',
    description: 'For when the one before may be known to somebody. The master key, which wraps it, stays as it is.',
    roles: platform,
    rate: 'slow',
    body: MasterKey,
    answer: z.strictObject({
      /** How many secrets were sealed anew. */
      sealed: z.int().min(0),
    }),
    secret: true,
  }),
}
