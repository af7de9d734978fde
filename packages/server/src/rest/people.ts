/** How people sign in, and what with. */
import type { AnswerInput, peopleOperations } from '@keytether/api'
import type { Caller, NewSession, Passkey, Session, SignInState } from '@keytether/hsm'
import { RequestError } from '../errors.ts'
import type { Domain, Handlers } from './handler.ts'
import { isoTime, maybeTime } from './times.ts'

type Operations = typeof peopleOperations

export const peopleHandlers: Handlers<Operations> = {
  async signIn({ tries, passwords }, { caller, client, body }) {
    const { address } = caller.login
    const who = `${body.tenant}/${body.name}`
    return begun(await tries.once(who, address, () => passwords.signIn(body, { address, client })))
  },
  async beginPasskeySignIn(domain) {
    return { ...(await relyingParty(domain).requestOptions()) }
  },
  async signInWithPasskey(domain, { caller, client, body }) {
    const { passkeys } = domain
    const { address } = caller.login
    const assertion = await relyingParty(domain).assertion(body.response, id => passkeys.find(id))
    const session = assertion && (await passkeys.signIn(assertion.key, assertion.signCount, { address, client }))
    return begun(good(domain, caller, session))
  },
  async readInvitation(domain, { caller, body: { secret } }) {
    const { invitations, signIns } = domain
    const invited = good(domain, caller, await invitations.find(secret))
    if (invited === undefined) throw refused('the invitation is good for nothing, or not any more; ask for another one')
    const { name, tenant, principal } = invited
    if (domain.relyingParty === undefined) return { name, tenant }
    const { passkeys } = await signIns.own({ principal })
    return { name, tenant, passkey: { ...(await domain.relyingParty.creationOptions(invited, passkeys)) } }
  },
  async acceptInvitation(domain, { caller, client, body }) {
    const { invitations } = domain
    const { address } = caller.login
    const invited = good(domain, caller, await invitations.find(body.secret))
    if (invited === undefined) return begun(undefined)
    const given = 'password' in body ? body : { passkey: await newPasskey(domain, invited, body.passkey) }
    return begun(await invitations.accept(body.secret, given, { address, client }))
  },
  async getOwnSignIn({ signIns }, { caller }) {
    return signInAnswer(await signIns.own(caller))
  },
  async setPassword({ passwords, tries }, { caller, body: { current, password } }) {
    const attempt = async () => (await passwords.set(caller, current, password)) || undefined
    const set = await tries.once(caller.principal, caller.login.address, attempt)
    if (!set) throw new RequestError('INVALID', 'the current password is another one')
  },
  async beginPasskey(domain, { caller }) {
    const { principal, name, tenant } = caller
    const { passkeys } = await domain.signIns.own(caller)
    const of = { principal, name, tenant: tenant === null ? 'root' : await domain.tenants.nameOf(tenant) }
    return { ...(await relyingParty(domain).creationOptions(of, passkeys)) }
  },
  async addPasskey(domain, { caller, body }) {
    return passkeyAnswer(await domain.passkeys.add(caller, await newPasskey(domain, caller, body)))
  },
  async removePasskey({ passkeys }, { caller, params }) {
    await passkeys.remove(caller, params.passkey)
  },
  async signOut({ sessions }, { caller }) {
    if (caller.session === undefined)
      throw new RequestError('WRONG_STATE', 'this request is of no session, but of a token or certificate')
    await sessions.end(caller, caller.principal, caller.session)
  },
  async endOwnSession({ sessions }, { caller, params }) {
    await sessions.end(caller, caller.principal, params.session)
  },
  async getSignIn({ signIns }, { caller, params }) {
    return signInAnswer(await signIns.describe(caller, params.principal))
  },
  async createInvitation({ invitations }, { caller, params, body: { expiresAt } }) {
    const end = expiresAt === undefined ? undefined : Date.parse(expiresAt)
    const made = await invitations.create(caller, params.principal, end)
    return { secret: made.secret, expiresAt: isoTime(made.expiresAt) }
  },
  async resetSignIn({ signIns }, { caller, params }) {
    await signIns.reset(caller, params.principal)
  },
  async endSession({ principals, sessions }, { caller, params }) {
    const { id } = await principals.get(caller, params.principal)
    await sessions.end(caller, id, params.session)
  },
}

function relyingParty({ relyingParty }: Domain) {
  if (relyingParty !== undefined) return relyingParty
  throw new RequestError(
    'WRONG_STATE',
    'there are no passkeys here: the setting `url` does not say where browsers reach the service',
  )
}

function newPasskey(
  domain: Domain,
  { principal }: Pick<Caller, 'principal'>,
  { name, response }: { readonly name: string; readonly response: unknown },
) {
  return relyingParty(domain).passkey(principal, name, response)
}

/** What nobody can guess is not held up by those who try: only they wait. */
function good<T>({ tries }: Domain, { login }: Caller, found: T | undefined): T | undefined {
  if (found === undefined) tries.failed('', login.address)
  return found
}

/** Whatever was wrong, the answer is the same. */
function begun(session: NewSession | undefined): AnswerInput<Operations['signIn']> {
  if (session === undefined) throw refused('what was shown to sign in with is not right, or not any more')
  const { id, name, token, expiresAt } = session
  return { id, name, token, expiresAt: isoTime(expiresAt) }
}

function refused(message: string): RequestError {
  return new RequestError('UNAUTHORIZED', message, { 'WWW-Authenticate': 'Bearer realm="keytether"' })
}

function signInAnswer({
  passwordSince,
  passkeys,
  sessions,
  invitation,
}: SignInState): AnswerInput<Operations['getSignIn']> {
  return {
    ...maybeTime('passwordSince', passwordSince),
    passkeys: passkeys.map(passkeyAnswer),
    sessions: sessions.map(sessionAnswer),
    ...(invitation && { invitation: { expiresAt: isoTime(invitation.expiresAt) } }),
  }
}

function passkeyAnswer({ id, name, createdAt, lastUsedAt }: Passkey): AnswerInput<Operations['addPasskey']> {
  return { id, name, createdAt: isoTime(createdAt), ...maybeTime('lastUsedAt', lastUsedAt) }
}

function sessionAnswer({ createdAt, lastUsedAt, expiresAt, ...session }: Session) {
  return { ...session, createdAt: isoTime(createdAt), lastUsedAt: isoTime(lastUsedAt), expiresAt: isoTime(expiresAt) }
}
