/** Key shares that come from several custodians, maybe weeks apart, into one device or the same into several. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, Time } from './values.ts'

export const Ceremony = z.strictObject({
  id: z.string(),
  state: z.enum(['open', 'done', 'cancelled', 'failed']),
  /** What it waits for, or what came of it. */
  words: z.string(),
  devices: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      /** How many shares it missed when it was last asked. */
      outstanding: z.int(),
      keyCheckValue: z.string().optional(),
    }),
  ),
  /** Index of the key domain on the devices. */
  domain: z.int(),
  shares: z.int(),
  /** Who brought a share, in their order. */
  imports: z.array(z.strictObject({ custodian: z.string(), name: z.string(), at: Time, done: z.boolean() })),
  createdAt: Time,
  updatedAt: Time,
})
export type Ceremony = z.infer<typeof Ceremony>

const readers = ['administrator', 'custodian', 'auditor'] as const

export const ceremonyOperations = {
  listCeremonies: operation({
    method: 'GET',
    path: '/ceremonies',
    summary: 'The ceremonies of the tenant, the oldest first',
    roles: readers,
    rate: 'read',
    answer: z.strictObject({ items: z.array(Ceremony) }),
  }),
  openCeremony: operation({
    method: 'POST',
    path: '/ceremonies',
    summary: 'Begins a ceremony on devices that miss all shares of a key domain',
    roles: ['administrator'],
    rate: 'use',
    status: 201,
    body: z.strictObject({
      devices: z.array(Name).min(1).max(64),
      shares: z.int().min(1).max(255),
      domain: z.int().min(0).max(15).default(0),
      /** One custodian may bring several shares. */
      sameCustodian: z.boolean().default(false),
      /** What the key check value is to be in the end. */
      keyCheckValue: z
        .string()
        .regex(/^[0-9A-Fa-f]{16}$/, 'wanted 16 hexadecimal digits')
        .toUpperCase()
        .optional(),
    }),
    answer: Ceremony,
  }),
  getCeremony: operation({
    method: 'GET',
    path: '/ceremonies/{ceremony}',
    summary: 'One of them',
    roles: readers,
    rate: 'read',
    answer: Ceremony,
  }),
  importShare: operation({
    method: 'POST',
    path: '/ceremonies/{ceremony}/shares',
    summary: 'Imports a share into every device of the ceremony',
    description:
      'Of an import that was interrupted, the same share is given again: it goes only where it has not arrived. Shares pass through the service; `keytether card domain import --device` keeps them from it.',
    roles: ['custodian'],
    rate: 'use',
    body: z.strictObject({
      /** 32 bytes, base64. */
      share: z
        .base64('wanted a share in base64')
        .length(44, 'wanted a share of 32 bytes in base64')
        .meta({ examples: [`${'A'.repeat(43)}=`] }),
    }),
    answer: Ceremony,
  }),
  cancelCeremony: operation({
    method: 'POST',
    path: '/ceremonies/{ceremony}/cancel',
    summary: 'Ends it; the devices keep the shares that they have until they are initialised',
    roles: ['administrator'],
    rate: 'write',
    answer: Ceremony,
  }),
}
