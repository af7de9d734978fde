/** How much a tenant may have, and how much it may ask for at a time. Where nothing is said, there is no limit. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { wanted } from './values.ts'

const most = 1_000_000_000

function number(what: string, least: number) {
  const text = wanted(`${what}, ${least} to ${most}`)
  return z.int(text).min(least, text).max(most, text)
}

const members = {
  devices: number('a number of devices', 0),
  groups: number('a number of groups', 0),
  keys: number('a number of keys', 0),
  principals: number('a number of principals', 0),
  /** Of the body of one request. */
  bodyBytes: number('a number of bytes', 1024),
}
const rate = {
  /** Requests of the class. */
  perSecond: number('a number of requests', 1),
  /** How many of them may be under way. */
  atOnce: number('a number of requests', 1),
}
/** As each operation says in `x-rate`. */
const RateClass = z.enum(['read', 'write', 'use', 'slow'])

const Rate = z.strictObject(rate).partial()
export const Limits = z.strictObject({ ...members, rates: z.partialRecord(RateClass, Rate) }).partial()

/** `null` takes a limit away; what is not given stays. */
const orNone = <T extends z.ZodType>(limit: T) => z.union([limit, z.null()]).optional()
const RateChange = z.strictObject({ perSecond: orNone(rate.perSecond), atOnce: orNone(rate.atOnce) })
const LimitsChange = z.strictObject({
  devices: orNone(members.devices),
  groups: orNone(members.groups),
  keys: orNone(members.keys),
  principals: orNone(members.principals),
  bodyBytes: orNone(members.bodyBytes),
  rates: z.partialRecord(RateClass, orNone(RateChange)).optional(),
})

const Count = z.int()
export const TenantUsage = z.strictObject({
  id: z.string(),
  name: z.string(),
  limits: Limits,
  /** What it has now. */
  used: z.strictObject({ devices: Count, groups: Count, keys: Count, principals: Count }),
})
export type TenantUsage = z.infer<typeof TenantUsage>

export const limitOperations = {
  changeTenant: operation({
    method: 'PATCH',
    path: '/tenants/{tenant}',
    summary: 'Limits what a tenant may have, and may ask for at a time',
    description: 'What it has beyond a new limit, it keeps.',
    roles: ['root'],
    rate: 'write',
    body: z.strictObject({ limits: LimitsChange }),
    answer: z.strictObject({ id: z.string(), name: z.string(), limits: Limits }),
  }),
  getTenant: operation({
    method: 'GET',
    path: '/tenant',
    summary: 'The tenant of who asks: what it may have, and what it has',
    roles: ['administrator', 'custodian', 'manager', 'operator', 'auditor', 'metrics'],
    rate: 'read',
    answer: TenantUsage,
  }),
}
