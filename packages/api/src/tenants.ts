/** Tenants, which root makes and hands over. */
import { z } from 'zod'
import { Limits } from './limits.ts'
import { operation } from './operation.ts'
import { AddressRanges, Name, PageQuery, pageOf, Time } from './values.ts'

export const Tenant = z.strictObject({ id: z.string(), name: z.string(), createdAt: Time, limits: Limits })
export type Tenant = z.infer<typeof Tenant>

/** Absent: everywhere. */
const Addresses = z.strictObject({ addresses: AddressRanges.optional() })

export const tenantOperations = {
  listTenants: operation({
    method: 'GET',
    path: '/tenants',
    summary: 'The tenants, by name',
    roles: ['root'],
    rate: 'read',
    query: PageQuery,
    answer: pageOf(Tenant),
    paged: true,
  }),
  createTenant: operation({
    method: 'POST',
    path: '/tenants',
    summary: 'Makes a tenant with its first administrator',
    description: 'The token is shown this once. With it the tenant is handed over: root has no way into it.',
    roles: ['root'],
    rate: 'write',
    status: 201,
    body: z.strictObject({
      name: Name,
      /** The name of its first administrator. */
      administrator: Name.default('administrator'),
    }),
    answer: Tenant.extend({
      administrator: z.strictObject({ id: z.string(), name: z.string() }),
      token: z.string(),
    }),
  }),
  showAddresses: operation({
    method: 'GET',
    path: '/tenant/addresses',
    summary: 'From where principals of the tenant may log in',
    roles: ['administrator', 'auditor'],
    rate: 'read',
    answer: Addresses,
  }),
  restrictAddresses: operation({
    method: 'PUT',
    path: '/tenant/addresses',
    summary: 'Lets principals of the tenant log in from these addresses alone, from their next request on',
    description:
      'Refused with INVALID where the address of this request is none of them. Devices connect from where they are.',
    roles: ['administrator'],
    rate: 'write',
    body: Addresses,
  }),
  deleteTenant: operation({
    method: 'DELETE',
    path: '/tenants/{tenant}',
    summary: 'Deletes a tenant in which there are no devices, groups and keys',
    roles: ['root'],
    rate: 'write',
  }),
}
