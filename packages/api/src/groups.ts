/** Groups of devices that share a key domain, so that every key of a group can be on all of them. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, PageQuery, pageOf, Time, wanted } from './values.ts'

const readers = ['administrator', 'manager', 'operator', 'auditor'] as const
const administrators = ['administrator'] as const

const domainText = wanted('the key check value or unique id of a key domain, 16 or 128 hexadecimal digits')
const KeyDomain = z.string(domainText).regex(/^([0-9A-Fa-f]{16}|[0-9A-Fa-f]{128})$/, domainText)

const Group = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** Key check value or unique id of the key domain that all members share; absent: none is known yet. */
  keyDomain: z.string().optional(),
  /** Names of the devices, in the order in which they are asked. */
  members: z.array(z.string()),
  createdAt: Time,
  revision: z.int(),
})

const Member = z.strictObject({
  /** Its name. */
  device: z.string(),
  id: z.string(),
  /** Certified path with dots. */
  path: z.string(),
  /** Members of the lowest number are asked first. */
  priority: z.int(),
  /** Only asked where no other member can. */
  standby: z.boolean(),
  /** It is ready and has the key domain of the group. */
  operational: z.boolean(),
  /** Why it is not, in words. */
  reason: z.string().optional(),
  /** How many versions of keys it holds. */
  held: z.int(),
})

const Instance = z.strictObject({
  device: z.string(),
  /** `unverified`: it is there, and allowed nothing that would show which key it is. */
  state: z.enum(['verified', 'unverified', 'missing', 'different', 'unknown']),
  reason: z.string().optional(),
  checkedAt: Time.optional(),
})

const GroupStatus = Group.extend({
  state: z.enum(['healthy', 'degraded', 'unavailable', 'empty']),
  /** Why it is not healthy, in words. */
  reasons: z.array(z.string()),
  /** As many copies as a new key can have now. */
  durability: z.int(),
  members: z.array(Member),
  keys: z.array(
    z.strictObject({
      key: z.string(),
      version: z.int(),
      state: z.string(),
      /** `single`: it cannot leave the device that it is on. */
      consistency: z.enum(['ok', 'short', 'single', 'different', 'lost']),
      reason: z.string().optional(),
      /** Members that hold it. */
      copies: z.int(),
      /** There is a wrapped copy at the service, from which members that come get theirs. */
      wrapped: z.boolean(),
      instances: z.array(Instance),
    }),
  ),
})
export type GroupStatus = z.infer<typeof GroupStatus>

const UnmanagedKey = z.strictObject({
  /** PKCS #15 iD. */
  id: z.string(),
  label: z.string(),
  kind: z.enum(['EC', 'RSA', 'AES']),
  bits: z.int(),
  curve: z.string().optional(),
  /** Names of the devices that hold it. */
  devices: z.array(z.string()),
  /** Why it would stay on these devices; absent: adopted, it gets on every member. */
  single: z.string().optional(),
  /** Why it cannot be adopted. */
  obstacle: z.string().optional(),
})

export const groupOperations = {
  listGroups: operation({
    method: 'GET',
    path: '/groups',
    summary: 'The groups of the tenant, by name',
    roles: readers,
    rate: 'read',
    query: PageQuery,
    answer: pageOf(Group),
    paged: true,
  }),
  createGroup: operation({
    method: 'POST',
    path: '/groups',
    summary: 'Makes a group',
    description: 'Unless it is given, its key domain is that of the first device that joins it.',
    roles: administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({ name: Name, keyDomain: KeyDomain.optional() }),
    answer: Group,
    revised: true,
    idempotent: true,
  }),
  getGroup: operation({
    method: 'GET',
    path: '/groups/{group}',
    summary: 'How a group is: its members, and every key on each of them',
    description: 'As far as is known: nothing is asked of the devices for it.',
    roles: readers,
    rate: 'read',
    answer: GroupStatus,
    revised: true,
  }),
  renameGroup: operation({
    method: 'PATCH',
    path: '/groups/{group}',
    summary: 'Gives it another name',
    roles: administrators,
    rate: 'write',
    body: z.strictObject({ name: Name }),
    answer: Group,
    revised: true,
  }),
  deleteGroup: operation({
    method: 'DELETE',
    path: '/groups/{group}',
    summary: 'Deletes a group without devices and keys',
    roles: administrators,
    rate: 'write',
    idempotent: true,
  }),
  joinGroup: operation({
    method: 'PUT',
    path: '/groups/{group}/members/{device}',
    summary: 'Moves a device into the group, or changes its place there',
    description:
      'It has to have the key domain of the group, and does not leave another one with the only copy of a key.',
    roles: administrators,
    rate: 'write',
    body: z.strictObject({ priority: z.int().min(0).max(1000).optional(), standby: z.boolean().optional() }),
    answer: Member.pick({ device: true, id: true, path: true, priority: true, standby: true }),
  }),
  checkGroup: operation({
    method: 'POST',
    path: '/groups/{group}/check',
    summary: 'Reads every key on every member, compares them, and uses each once',
    roles: ['administrator', 'manager', 'auditor'],
    rate: 'slow',
    answer: GroupStatus,
    revised: true,
    repeatable: true,
  }),
  healGroup: operation({
    method: 'POST',
    path: '/groups/{group}/heal',
    summary: 'Puts on every member the keys that it misses, now',
    description: 'It is done without being asked, too. What is different is left as it is.',
    roles: ['administrator', 'manager'],
    rate: 'slow',
    answer: GroupStatus,
    revised: true,
    repeatable: true,
  }),
  listUnmanagedKeys: operation({
    method: 'GET',
    path: '/groups/{group}/unmanaged-keys',
    summary: 'Keys on its members that were not made through the service, and what adopting them would mean',
    roles: ['administrator', 'manager', 'auditor'],
    rate: 'read',
    answer: z.strictObject({ items: z.array(UnmanagedKey) }),
  }),
}
