/** What happened. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { PageQuery, pageOf, Time, wanted } from './values.ts'

const typeText = wanted('the type of an event or the beginning of some, as key.created or key')
const Type = z.string(typeText).regex(/^[a-z]+([.-][a-z]+)*$/, typeText)
const Subject = z.string().min(1).max(64)

export const Event = z.strictObject({
  /** Later events have greater numbers. */
  id: z.string(),
  at: Time,
  /** As `key.created`. */
  type: z.string(),
  /** The id of what it happened to. */
  subject: z.string(),
  /** The id of the principal who did it; absent: the service by itself. */
  actor: z.string().optional(),
  /** What that one is called, if it is there still. */
  actorName: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
})
export type Event = z.infer<typeof Event>

export const eventOperations = {
  listEvents: operation({
    method: 'GET',
    path: '/events',
    summary: 'What happened, the latest first; as an event stream, what happens from now on',
    description:
      'With `Accept: text/event-stream`, events come as they happen, the oldest first; `Last-Event-ID` goes on after one of them, and `since` begins with what happened then.',
    roles: ['administrator', 'custodian', 'manager', 'auditor'],
    rate: 'read',
    query: PageQuery.extend({
      type: z.union([Type, z.array(Type).max(16)]).optional(),
      subject: Subject.optional(),
      actor: Subject.optional(),
      since: Time.optional(),
      until: Time.optional(),
    }),
    answer: pageOf(Event),
    paged: true,
    followed: Event,
  }),
}
