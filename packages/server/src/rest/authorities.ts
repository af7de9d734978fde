/** Authorities, and the certificates by which they let somebody in. */
import type { AnswerInput, authorityOperations } from '@keytether/api'
import type { Authority } from '@keytether/hsm'
import type { Handlers } from './handler.ts'
import { credentialAnswer } from './principals.ts'
import { isoTime } from './times.ts'

type Operations = typeof authorityOperations

export const authorityHandlers: Handlers<Operations> = {
  listAuthorities({ authorities }, { caller }) {
    return { items: authorities.list(caller).map(authorityAnswer) }
  },
  async createAuthority({ authorities }, { caller, body: { name, certificate, revocations } }) {
    return authorityAnswer(await authorities.create(caller, name, certificate, revocations))
  },
  getAuthority({ authorities }, { caller, params }) {
    return authorityAnswer(authorities.get(caller, params.authority))
  },
  async changeAuthority({ authorities }, { caller, params, body, ifMatch }) {
    const { revocations } = body
    return authorityAnswer(
      await authorities.changeRevocations(caller, params.authority, revocations ?? undefined, ifMatch),
    )
  },
  async deleteAuthority({ authorities }, { caller, params }) {
    await authorities.delete(caller, params.authority)
  },
  async bindCertificate({ authorities }, { caller, params, body }) {
    const { name, authority, identity, expiresAt, ...narrowing } = body
    const settings = { ...narrowing, ...(expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }) }
    return credentialAnswer(await authorities.bind(caller, params.principal, { name, authority, identity, settings }))
  },
}

function authorityAnswer(authority: Authority): AnswerInput<Operations['getAuthority']> {
  const { id, name, subject, fingerprint, notAfter, revocations, createdAt, revision } = authority
  return {
    ...{ id, name, subject, fingerprint, notAfter: isoTime(notAfter) },
    ...(revocations && {
      revocations: {
        count: revocations.serials.size,
        thisUpdate: isoTime(revocations.thisUpdate),
        ...(revocations.nextUpdate !== undefined && { nextUpdate: isoTime(revocations.nextUpdate) }),
      },
    }),
    ...{ createdAt: isoTime(createdAt), revision },
  }
}
