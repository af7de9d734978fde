/** Secrets that agents carry in their URLs: a device that comes with one is claimed at once. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, Time } from './values.ts'

export const Enrolment = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** The name of the group that the devices join; absent: each gets one of its own. */
  group: z.string().optional(),
  /** Absent: any number of devices. */
  usesLeft: z.int().optional(),
  expiresAt: Time.optional(),
  createdAt: Time,
})
export type Enrolment = z.infer<typeof Enrolment>

export const enrolmentOperations = {
  listEnrolments: operation({
    method: 'GET',
    path: '/enrolments',
    summary: 'The enrolments of the tenant, by name',
    roles: ['administrator', 'auditor'],
    rate: 'read',
    answer: z.strictObject({ items: z.array(Enrolment) }),
  }),
  createEnrolment: operation({
    method: 'POST',
    path: '/enrolments',
    summary: 'Makes a secret for URLs of agents, which is shown this once',
    roles: ['administrator'],
    rate: 'write',
    status: 201,
    body: z.strictObject({
      name: Name,
      group: Name.optional(),
      /** Default: any number of devices. */
      uses: z.int().min(1).max(1_000_000).optional(),
      expiresAt: Time.optional(),
    }),
    answer: Enrolment.extend({ secret: z.string() }),
    idempotent: true,
    secret: true,
  }),
  deleteEnrolment: operation({
    method: 'DELETE',
    path: '/enrolments/{enrolment}',
    summary: 'No device is claimed with it any more; those that were stay claimed',
    roles: ['administrator'],
    rate: 'write',
  }),
}
