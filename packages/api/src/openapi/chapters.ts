/** The operations as they are read: in chapters, what applications need first. */
import { auditOperations } from '../audit.ts'
import { authorityOperations } from '../authorities.ts'
import { ceremonyOperations } from '../ceremonies.ts'
import { cryptographyOperations, cryptographyStreams } from '../cryptography.ts'
import { deviceOperations } from '../devices.ts'
import { enrolmentOperations } from '../enrolments.ts'
import { eventOperations } from '../events.ts'
import { groupTestOperations } from '../group-test.ts'
import { groupOperations } from '../groups.ts'
import { issuerOperations } from '../issuers.ts'
import { keyOperations } from '../keys.ts'
import { limitOperations } from '../limits.ts'
import { peopleOperations } from '../people.ts'
import { principalOperations } from '../principals.ts'
import { serviceOperations } from '../service.ts'
import { tenantOperations } from '../tenants.ts'

interface Chapter {
  readonly name: string
  readonly description: string
  readonly operations: object
}

export const chapters: readonly Chapter[] = [
  {
    name: 'cryptography',
    description: 'Using keys: signatures, decryption, envelopes, MACs, key agreement, random bytes',
    operations: { ...cryptographyOperations, ...cryptographyStreams },
  },
  {
    name: 'keys',
    description: 'Keys by their names: made, imported or adopted, their versions, states and certificates',
    operations: keyOperations,
  },
  {
    name: 'groups',
    description: 'Tokens that hold the same keys, so that any of them can be lost',
    operations: { ...groupOperations, ...groupTestOperations },
  },
  {
    name: 'devices',
    description: 'The tokens: whose they are, how they are, their PINs, and what becomes of them',
    operations: deviceOperations,
  },
  {
    name: 'enrolments',
    description:
      'Secrets for agents: a token that comes with one is claimed at once; and agents that have a key of their own',
    operations: enrolmentOperations,
  },
  {
    name: 'ceremonies',
    description: 'Key shares that come from several custodians, maybe weeks apart',
    operations: ceremonyOperations,
  },
  { name: 'events', description: 'What happened, and what happens', operations: eventOperations },
  {
    name: 'audit',
    description: 'What was asked and what came of it, in a chain that anybody can verify',
    operations: auditOperations,
  },
  {
    name: 'principals',
    description: 'People and programs of a tenant, what they may, and their tokens',
    operations: principalOperations,
  },
  {
    name: 'issuers',
    description: 'Identity providers (OpenID Connect) whose tokens let in',
    operations: issuerOperations,
  },
  {
    name: 'people',
    description: 'How people sign in, with passwords and passkeys, and their sessions',
    operations: peopleOperations,
  },
  {
    name: 'authorities',
    description: 'Whose certificates let principals in',
    operations: authorityOperations,
  },
  {
    name: 'tenants',
    description: 'For root: who shares nothing with others, and how much of the service each may have',
    operations: { ...tenantOperations, ...limitOperations },
  },
  {
    name: 'service',
    description: 'Who you are, what runs here, and the master key of its secrets',
    operations: serviceOperations,
  },
]

/** @param operation its name */
export function chapterOf(operation: string): string {
  return chapters.find(({ operations }) => operation in operations)!.name
}
