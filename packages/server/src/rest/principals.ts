/** Principals, and what they log in with. */
import type { AnswerInput, principalOperations } from '@keytether/api'
import type { Credential, Principal } from '@keytether/hsm'
import type { Handlers } from './handler.ts'
import { isoTime, maybeTime } from './times.ts'

type Operations = typeof principalOperations
type CredentialAnswer = AnswerInput<Operations['listCredentials']>['items'][0]

export const principalHandlers: Handlers<Operations> = {
  async listPrincipals({ principals }, { caller, query }) {
    const { items, ...rest } = await principals.list(caller, query)
    return { items: items.map(principalAnswer), ...rest }
  },
  async createPrincipal({ principals }, { caller, body: { name, ...settings } }) {
    return principalAnswer(await principals.create(caller, name, settings))
  },
  async getPrincipal({ principals }, { caller, params }) {
    return principalAnswer(await principals.get(caller, params.principal))
  },
  async changePrincipal({ principals }, { caller, params, body, ifMatch }) {
    return principalAnswer(await principals.change(caller, params.principal, body, ifMatch))
  },
  async deletePrincipal({ principals }, { caller, params, ifMatch }) {
    await principals.delete(caller, params.principal, ifMatch)
  },
  async listCredentials({ credentials }, { caller, params }) {
    return { items: (await credentials.list(caller, params.principal)).map(credentialAnswer) }
  },
  async createCredential({ credentials }, { caller, params, body: { name, expiresAt, ...narrowing } }) {
    const end = expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }
    const made = await credentials.create(caller, params.principal, name, { ...narrowing, ...end })
    return { ...credentialAnswer(made), token: made.token }
  },
  async rotateCredential({ credentials }, { caller, params, body: { name, overlap, expiresAt } }) {
    const end = expiresAt === undefined ? undefined : Date.parse(expiresAt)
    const rotation = { name, overlapMs: overlap * 1_000, expiresAt: end }
    const made = await credentials.rotate(caller, params.principal, params.credential, rotation)
    return { ...credentialAnswer(made), token: made.token }
  },
  async revokeCredential({ credentials }, { caller, params }) {
    await credentials.revoke(caller, params.principal, params.credential)
  },
}

function principalAnswer(principal: Principal): AnswerInput<Operations['getPrincipal']> {
  const { id, name, roles, tags, createdAt, disabledAt, revision } = principal
  const times = { createdAt: isoTime(createdAt), ...maybeTime('disabledAt', disabledAt) }
  return { id, name, roles: [...roles], tags: [...tags], ...times, revision }
}

export function credentialAnswer(credential: Credential): CredentialAnswer {
  const { id, name, kind, identity, authority, createdAt, expiresAt, lastUsedAt, roles, tags, addresses } = credential
  return {
    ...{ id, name, kind, createdAt: isoTime(createdAt) },
    ...(identity !== undefined && { identity, authority }),
    ...maybeTime('expiresAt', expiresAt),
    ...maybeTime('lastUsedAt', lastUsedAt),
    ...(roles && { roles: [...roles] }),
    ...(tags && { tags: [...tags] }),
    ...(addresses && { addresses: [...addresses] }),
  } as CredentialAnswer
}
