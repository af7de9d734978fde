/** Secrets with which devices are claimed when they connect. */
import type { Enrolment, enrolmentOperations } from '@keytether/api'
import type { Agent, Enrolments } from '@keytether/hsm'
import { groupNames } from './group-names.ts'
import type { Handlers } from './handler.ts'
import { isoTime, maybeTime } from './times.ts'

export const enrolmentHandlers: Handlers<typeof enrolmentOperations> = {
  async listEnrolments({ enrolments, groups }, { caller }) {
    const names = await groupNames(groups, caller)
    return { items: (await enrolments.list(caller)).map(row => enrolmentAnswer(row, names)) }
  },

  async createEnrolment({ enrolments, groups }, { caller, body: { expiresAt, ...rest } }) {
    const wanted = { ...rest, ...(expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }) }
    const { row, secret } = await enrolments.create(caller, wanted)
    return { ...enrolmentAnswer(row, await groupNames(groups, caller)), secret }
  },

  async deleteEnrolment({ enrolments }, { caller, params }) {
    await enrolments.delete(caller, params.enrolment)
    return undefined
  },

  async listAgents({ agents, groups }, { caller }) {
    const names = await groupNames(groups, caller)
    return { items: (await agents.list(caller)).map(agent => agentAnswer(agent, names)) }
  },
}

type Row = Awaited<ReturnType<Enrolments['list']>>[number]

function enrolmentAnswer(
  { id, name, group_id, uses_left, expires_at, created_at }: Row,
  groups: ReadonlyMap<string, string>,
): Enrolment {
  const group = groups.get(group_id ?? '')
  return {
    id,
    name,
    ...(group !== undefined && { group }),
    ...(uses_left !== null && { usesLeft: uses_left }),
    ...(expires_at !== null && { expiresAt: new Date(expires_at).toISOString() }),
    createdAt: new Date(created_at).toISOString(),
  }
}

function agentAnswer(
  { id, name, group: groupId, url, createdAt, disabledAt, lastSeenAt }: Agent,
  groups: ReadonlyMap<string, string>,
) {
  const group = groups.get(groupId ?? '')
  const times = { ...maybeTime('disabledAt', disabledAt), ...maybeTime('lastSeenAt', lastSeenAt) }
  return { id, name, ...(group !== undefined && { group }), url, createdAt: isoTime(createdAt), ...times }
}
