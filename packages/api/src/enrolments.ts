/** Secrets that agents carry in their URLs: a device that comes with one is claimed at once; and agents that have a key of their own. */
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

const Agent = z.strictObject({
  /** Of its principal, which is disabled or deleted to keep it out. */
  id: z.string(),
  name: z.string(),
  /** The name of the group that its devices join; absent: each gets one of its own. */
  group: z.string().optional(),
  /** What it dials: elsewhere it would have to be enrolled again. */
  url: z.string(),
  createdAt: Time,
  /** Absent: it may connect devices. */
  disabledAt: Time.optional(),
  /** When it last began a session. */
  lastSeenAt: Time.optional(),
})

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
  listAgents: operation({
    method: 'GET',
    path: '/agents',
    summary: 'The agents with a key of their own, by name',
    description:
      'An agent is enrolled when it first dials in with the secret of an enrolment; it is a principal with the role agent.',
    roles: ['administrator', 'auditor'],
    rate: 'read',
    answer: z.strictObject({ items: z.array(Agent) }),
  }),
}
