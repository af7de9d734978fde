/** People: how they sign in, what they do that with, and their sessions. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, Time } from './values.ts'

// None of these errors repeats what came.
const Password = z
  .string('wanted a password')
  .min(1, 'wanted a password')
  .max(1024, 'wanted a password of at most 1024 characters')
const Secret = z.string('wanted the secret of an invitation').max(64, 'wanted the secret of an invitation')

const encoded = z.string('wanted base64url').max(8192)
const authenticatorAnswer = {
  id: encoded,
  rawId: encoded,
  type: z.literal('public-key'),
  authenticatorAttachment: z.string().nullish(),
  clientExtensionResults: z.looseObject({}),
}

/** As `toJSON` of a PublicKeyCredential has it. */
const RegistrationResponse = z.strictObject({
  ...authenticatorAnswer,
  response: z.looseObject({
    clientDataJSON: encoded,
    attestationObject: encoded,
    transports: z.array(z.string().max(32)).max(16).optional(),
  }),
})

/** As `toJSON` of a PublicKeyCredential has it. */
const AuthenticationResponse = z.strictObject({
  ...authenticatorAnswer,
  response: z.looseObject({
    clientDataJSON: encoded,
    authenticatorData: encoded,
    signature: encoded,
    userHandle: encoded.nullish(),
  }),
})

/** As `PublicKeyCredential.parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` take them. */
const CeremonyOptions = z.looseObject({ challenge: z.string() })

export const Session = z.strictObject({
  id: z.string(),
  way: z.enum(['password', 'passkey']),
  /** Where it began, and what the program there calls itself. */
  address: z.string(),
  client: z.string(),
  createdAt: Time,
  /** A use of the last minute may be forgotten if the service is killed. */
  lastUsedAt: Time,
  /** When it ends at the latest; half an hour after its last use it does, too. */
  expiresAt: Time,
})
export type Session = z.infer<typeof Session>

const Begun = z.strictObject({
  id: z.string(),
  /** Of who has signed in. */
  name: z.string(),
  expiresAt: Time,
  /** Absent: it is in a cookie. */
  token: z.string().optional(),
})

export const Passkey = z.strictObject({
  id: z.string(),
  name: z.string(),
  createdAt: Time,
  lastUsedAt: Time.optional(),
})
export type Passkey = z.infer<typeof Passkey>

export const SignIn = z.strictObject({
  /** Absent: there is no password. */
  passwordSince: Time.optional(),
  passkeys: z.array(Passkey),
  sessions: z.array(Session),
  /** One that nobody has used yet. */
  invitation: z.strictObject({ expiresAt: Time }).optional(),
})
export type SignIn = z.infer<typeof SignIn>

const NewPasskey = z.strictObject({ name: Name, response: RegistrationResponse })

/** In place of the answer, the token goes into a cookie that scripts cannot read. */
const inCookie = z.strictObject({ cookie: z.literal('true').optional() })

const tenantsRoles = { administrators: ['administrator'], readers: ['administrator', 'auditor'] } as const

export const peopleOperations = {
  signIn: operation({
    method: 'POST',
    path: '/sessions',
    summary: 'Signs a person in with a password',
    description: 'One failed try a second for each name and address. Which part was wrong is not told.',
    roles: [],
    open: true,
    rate: 'write',
    status: 201,
    query: inCookie,
    body: z.strictObject({ tenant: Name.default('main'), name: Name, password: Password }),
    answer: Begun,
    session: 'begins',
    secret: true,
  }),
  beginPasskeySignIn: operation({
    method: 'POST',
    path: '/sessions/challenge',
    summary: 'What an authenticator is to sign, as WebAuthn has it',
    description: 'It is good once, for five minutes.',
    roles: [],
    open: true,
    rate: 'write',
    answer: CeremonyOptions,
  }),
  signInWithPasskey: operation({
    method: 'POST',
    path: '/sessions/passkey',
    summary: 'Signs a person in with a passkey',
    roles: [],
    open: true,
    rate: 'write',
    status: 201,
    query: inCookie,
    body: z.strictObject({ response: AuthenticationResponse }),
    answer: Begun,
    session: 'begins',
  }),
  readInvitation: operation({
    method: 'POST',
    path: '/invitations/challenge',
    summary: 'Whom an invitation is for, and what an authenticator needs to make a passkey',
    roles: [],
    open: true,
    rate: 'write',
    body: z.strictObject({ secret: Secret }),
    answer: z.strictObject({
      name: z.string(),
      tenant: z.string(),
      /** Absent: the service has no passkeys. */
      passkey: CeremonyOptions.optional(),
    }),
    secret: true,
  }),
  acceptInvitation: operation({
    method: 'POST',
    path: '/invitations/accept',
    summary: 'Sets a password or a passkey with an invitation, which is used up, and signs in',
    roles: [],
    open: true,
    rate: 'write',
    status: 201,
    query: inCookie,
    body: z.union(
      [z.strictObject({ secret: Secret, password: Password }), z.strictObject({ secret: Secret, passkey: NewPasskey })],
      'wanted the secret of an invitation, and a password or a passkey',
    ),
    answer: Begun,
    session: 'begins',
    secret: true,
  }),
  getOwnSignIn: operation({
    method: 'GET',
    path: '/me/sign-in',
    summary: 'What you sign in with, and your sessions, the newest first',
    roles: [],
    rate: 'read',
    answer: SignIn,
  }),
  setPassword: operation({
    method: 'PUT',
    path: '/me/password',
    summary: 'Sets or changes your password, within 15 minutes of signing in; your other sessions end',
    roles: [],
    rate: 'write',
    body: z.strictObject({
      /** Absent: there is none yet. */
      current: Password.optional(),
      password: Password,
    }),
    secret: true,
  }),
  beginPasskey: operation({
    method: 'POST',
    path: '/me/passkeys/challenge',
    summary: 'What an authenticator needs to make a passkey, as WebAuthn has it',
    description: 'It is good once, for five minutes.',
    roles: [],
    rate: 'write',
    answer: CeremonyOptions,
  }),
  addPasskey: operation({
    method: 'POST',
    path: '/me/passkeys',
    summary: 'Registers a passkey of yours, within 15 minutes of signing in',
    roles: [],
    rate: 'write',
    status: 201,
    body: NewPasskey,
    answer: Passkey,
  }),
  removePasskey: operation({
    method: 'DELETE',
    path: '/me/passkeys/{passkey}',
    summary: 'Signs in with a passkey of yours no more, within 15 minutes of signing in; your other sessions end',
    roles: [],
    rate: 'write',
  }),
  signOut: operation({
    method: 'DELETE',
    path: '/me/session',
    summary: 'Ends the session that this request is of',
    roles: [],
    rate: 'write',
    session: 'ends',
  }),
  endOwnSession: operation({
    method: 'DELETE',
    path: '/me/sessions/{session}',
    summary: 'Ends a session of yours',
    roles: [],
    rate: 'write',
  }),
  getSignIn: operation({
    method: 'GET',
    path: '/principals/{principal}/sign-in',
    summary: 'What a person signs in with, and the sessions, the newest first',
    roles: tenantsRoles.readers,
    rate: 'read',
    answer: SignIn,
  }),
  createInvitation: operation({
    method: 'POST',
    path: '/principals/{principal}/invitation',
    summary: 'Makes a secret with which a person sets a password or a passkey, once; it is shown this once',
    description: 'The one before is good no more.',
    roles: tenantsRoles.administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({
      /** Default: in a week. */
      expiresAt: Time.optional(),
    }),
    answer: z.strictObject({ secret: z.string(), expiresAt: Time }),
    idempotent: true,
    secret: true,
  }),
  resetSignIn: operation({
    method: 'DELETE',
    path: '/principals/{principal}/sign-in',
    summary: 'Takes password, passkeys, sessions and invitation away; tokens stay',
    description: 'Refused with WRONG_STATE when no administrator who can log in would be left.',
    roles: tenantsRoles.administrators,
    rate: 'write',
  }),
  endSession: operation({
    method: 'DELETE',
    path: '/principals/{principal}/sessions/{session}',
    summary: 'Ends the session of a person',
    roles: tenantsRoles.administrators,
    rate: 'write',
  }),
}
