/** People and programs of a tenant, and what they log in with. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { roles, tenantRoles } from './roles.ts'
import { AddressRanges, Name, PageQuery, pageOf, Time, wanted } from './values.ts'

const administrators = ['administrator'] as const
const readers = ['administrator', 'auditor'] as const

export const Roles = z.array(z.enum(tenantRoles, wanted(`one of ${tenantRoles.join(', ')}`))).max(tenantRoles.length)
export const Tags = z.array(Name).max(64)

export const Principal = z.strictObject({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.enum(roles)),
  /** Operators use keys that have one of these, and keys that have none. */
  tags: z.array(z.string()),
  createdAt: Time,
  /** Absent: it may log in. */
  disabledAt: Time.optional(),
  revision: z.int(),
})
export type Principal = z.infer<typeof Principal>

export const narrowing = {
  /** Of the principal's roles, these alone; absent: all. */
  roles: Roles.optional(),
  /** Of its tags, these alone; absent: all. */
  tags: Tags.optional(),
  /** Where it is taken from, as `192.0.2.7` or `2001:db8::/32`; absent: from everywhere. */
  addresses: AddressRanges.optional(),
}

export const Credential = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['token', 'certificate']),
  /** Of a certificate: whom it names. */
  identity: z.string().optional(),
  /** Of a certificate: the id of the authority that has issued it. */
  authority: z.string().optional(),
  ...narrowing,
  createdAt: Time,
  expiresAt: Time.optional(),
  /** A use of the last minute may be forgotten if the service is killed. */
  lastUsedAt: Time.optional(),
})
export type Credential = z.infer<typeof Credential>

export const principalOperations = {
  listPrincipals: operation({
    method: 'GET',
    path: '/principals',
    summary: 'The principals of the tenant, by name',
    roles: readers,
    rate: 'read',
    query: PageQuery,
    answer: pageOf(Principal),
    paged: true,
  }),
  createPrincipal: operation({
    method: 'POST',
    path: '/principals',
    summary: 'Makes a principal, which can log in when it has a credential',
    roles: administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({ name: Name, roles: Roles.default([]), tags: Tags.default([]) }),
    answer: Principal,
    revised: true,
    idempotent: true,
  }),
  getPrincipal: operation({
    method: 'GET',
    path: '/principals/{principal}',
    summary: 'One of them',
    roles: readers,
    rate: 'read',
    answer: Principal,
    revised: true,
  }),
  changePrincipal: operation({
    method: 'PATCH',
    path: '/principals/{principal}',
    summary: 'Changes what it may, from its next request on',
    description: 'Refused with WRONG_STATE when no administrator who can log in would be left.',
    roles: administrators,
    rate: 'write',
    body: z.strictObject({ roles: Roles.optional(), tags: Tags.optional(), disabled: z.boolean().optional() }),
    answer: Principal,
    revised: true,
  }),
  deletePrincipal: operation({
    method: 'DELETE',
    path: '/principals/{principal}',
    summary: 'Deletes it with its credentials; what it did stays in the history',
    roles: administrators,
    rate: 'write',
  }),
  listCredentials: operation({
    method: 'GET',
    path: '/principals/{principal}/credentials',
    summary: 'Its tokens and certificates, the oldest first',
    roles: readers,
    rate: 'read',
    answer: z.strictObject({ items: z.array(Credential) }),
  }),
  createCredential: operation({
    method: 'POST',
    path: '/principals/{principal}/credentials',
    summary: 'Makes a bearer token, which is shown this once',
    roles: administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({
      name: Name,
      /** Absent: it is good until it is revoked. */
      expiresAt: Time.optional(),
      ...narrowing,
    }),
    answer: Credential.extend({ token: z.string() }),
    idempotent: true,
    secret: true,
  }),
  rotateCredential: operation({
    method: 'POST',
    path: '/principals/{principal}/credentials/{credential}/rotate',
    summary: 'Makes another token for what this one is good for; both are until this one ends',
    description: 'It ends when the overlap is over, or with its own end, if that is sooner.',
    roles: administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({
      /** Of the new one. */
      name: Name,
      /** Seconds: for how long this one goes on. */
      overlap: z.int().min(0).max(7_776_000).default(86_400),
      /** Absent: as long after now as this one's end was after its making. */
      expiresAt: Time.optional(),
    }),
    answer: Credential.extend({ token: z.string() }),
    idempotent: true,
    secret: true,
  }),
  revokeCredential: operation({
    method: 'DELETE',
    path: '/principals/{principal}/credentials/{credential}',
    summary: 'Its token is refused from now on',
    roles: administrators,
    rate: 'write',
  }),
}
