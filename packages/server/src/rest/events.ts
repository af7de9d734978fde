/** What happened, and what happens. */
import type { AnswerInput, eventOperations, Query } from '@keytether/api'
import type { Event, EventFilter, Hsm } from '@keytether/hsm'
import type { Call } from '../api.ts'
import { RequestError } from '../errors.ts'
import { type ActorMembers, actorMembers } from './actors.ts'
import type { StreamItem } from './event-stream.ts'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

type Operations = typeof eventOperations
type Answer = AnswerInput<Operations['listEvents']>['items'][0]
type Filter = Query<Operations['listEvents']>

export const eventHandlers: Handlers<Operations> = {
  async listEvents({ events, principals }, { caller, query }) {
    const { items, ...rest } = await events.list(caller, filterOf(query), query)
    const membersOf = actorMembers(principals, caller)
    return { items: await Promise.all(items.map(event => eventAnswer(event, membersOf))), ...rest }
  },
}

/** A sign of life that keeps proxies from giving the connection up. */
const aliveMs = 15_000

/** @throws RequestError BAD_REQUEST */
export async function followEvents(
  { events, principals }: Hsm,
  { caller, query, headers }: Call,
  signal: AbortSignal,
): Promise<AsyncIterable<StreamItem | undefined>> {
  const filter = filterOf(query as Filter)
  const latest = await events.latest()
  const after = lastEventId(headers['last-event-id'], latest) ?? (filter.since === undefined ? latest : 0)
  const followed = events.follow(caller, filter, after, { everyMs: aliveMs, signal })
  return items(after, followed, actorMembers(principals, caller))
}

async function* items(
  after: number,
  followed: AsyncIterable<Event | undefined>,
  membersOf: ActorMembers,
): AsyncGenerator<StreamItem | undefined> {
  // Whoever is cut off before anything happens has a place to go on from, too.
  yield { id: String(after) }
  for await (const event of followed) {
    yield event && { id: String(event.id), data: await eventAnswer(event, membersOf) }
  }
}

function lastEventId(header: string | string[] | undefined, latest: number): number | undefined {
  if (header === undefined || header === '') return undefined
  const id = /^\d{1,15}$/.test(String(header)) ? Number(header) : Number.POSITIVE_INFINITY
  if (id <= latest) return id
  // As after an older database was restored: what happened since cannot be told from what did not.
  throw new RequestError('BAD_REQUEST', 'Last-Event-ID: there is no such event, begin without one')
}

function filterOf({ type, subject, actor, since, until }: Filter): EventFilter {
  const times = { since: since && Date.parse(since), until: until && Date.parse(until) }
  return { types: type === undefined ? undefined : [type].flat(), subject, actor, ...times } as EventFilter
}

async function eventAnswer({ id, at, type, subject, actor, data }: Event, membersOf: ActorMembers): Promise<Answer> {
  const known = data as Record<string, unknown>
  return { ...{ id: String(id), at: isoTime(at), type, subject }, ...(await membersOf(actor)), data: known }
}
