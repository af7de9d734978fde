/** Secrets with which devices are claimed when they connect. */
import type { Enrolment, enrolmentOperations } from '@keytether/api'
import type { Enrolments } from '@keytether/hsm'
import type { Handlers } from './handler.ts'

export const enrolmentHandlers: Handlers<typeof enrolmentOperations> = {
  async listEnrolments({ enrolments }, { caller }) {
    return { items: (await enrolments.list(caller)).map(enrolmentAnswer) }
  },

  async createEnrolment({ enrolments }, { caller, body: { expiresAt, ...rest } }) {
    const wanted = { ...rest, ...(expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }) }
    const { row, secret } = await enrolments.create(caller, wanted)
    return { ...enrolmentAnswer(row), secret }
  },

  async deleteEnrolment({ enrolments }, { caller, params }) {
    await enrolments.delete(caller, params.enrolment)
    return undefined
  },
}

type Row = Awaited<ReturnType<Enrolments['list']>>[number]

function enrolmentAnswer({ id, name, group_id, uses_left, expires_at, created_at }: Row): Enrolment {
  return {
    id,
    name,
    ...(group_id !== null && { group: group_id }),
    ...(uses_left !== null && { usesLeft: uses_left }),
    ...(expires_at !== null && { expiresAt: new Date(expires_at).toISOString() }),
    createdAt: new Date(created_at).toISOString(),
  }
}
