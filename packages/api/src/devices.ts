/** Devices: whose they are, what state they are in and what to do about it, their PINs, and their life. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, PageQuery, pageOf, Time } from './values.ts'

const readers = ['administrator', 'custodian', 'manager', 'operator', 'auditor'] as const
const administrators = ['administrator'] as const

/** Without an echo of what came: it may be nearly right. */
const Pin = z.string('wanted a PIN').regex(/^[\x20-\x7e]{6,16}$/, 'wanted a PIN of 6 to 16 characters')
const SoPin = z
  .string('wanted an SO-PIN')
  .regex(/^[0-9A-Fa-f]{16}$/, 'wanted an SO-PIN of 16 hexadecimal digits')
  .meta({ examples: ['3537363231383830'] })
const Hex = z.string().regex(/^([0-9A-F]{2})+$/)

const PinState = z.strictObject({
  status: z.enum(['verified', 'notVerified', 'blocked', 'transportPin', 'notInitialized', 'notAuthenticated']),
  triesLeft: z.int().optional(),
})

const Facts = z.strictObject({
  /** When the device was asked. */
  at: Time,
  /** Shows to who claims a device that it is the one that he has. */
  code: z.string(),
  /** Of the firmware. */
  version: z.string(),
  label: z.string(),
  userPin: PinState,
  soPin: PinState,
  /** Bytes. */
  freeMemory: z.int().optional(),
  keys: z.array(
    z.strictObject({
      reference: z.int(),
      id: Hex,
      label: z.string(),
      kind: z.enum(['EC', 'RSA', 'AES']),
      bits: z.int(),
      /** Absent: they are not counted. */
      usesLeft: z.int().optional(),
      keyDomain: z.int().optional(),
    }),
  ),
  keyDomains: z.array(
    z.strictObject({
      index: z.int(),
      shares: z.int(),
      /** How many shares it misses. */
      outstanding: z.int(),
      keyCheckValue: Hex.optional(),
      uid: Hex.optional(),
    }),
  ),
})

export const Device = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** Certified path with dots. */
  path: z.string(),
  /** The name of its group. */
  group: z.string().optional(),
  /** Members of the lowest number are asked first. */
  priority: z.int(),
  /** Only asked where no other member can. */
  standby: z.boolean(),
  state: z.enum([
    'connected',
    'identified',
    'secured',
    'unlocked',
    'ready',
    'lent',
    'offline',
    'quarantined',
    'retired',
  ]),
  /** Why it is so, in words. */
  reason: z.string().optional(),
  /** What is to be done, in words. */
  advice: z.string().optional(),
  /** What may need somebody soon, though it works now. */
  warnings: z.array(z.string()),
  /** Whether the service has its PIN; `refused`: it is not the device's, and is not presented again. */
  pin: z.enum(['none', 'kept', 'refused']),
  /** Operations that run or wait there. */
  load: z.int(),
  connectedSince: Time.optional(),
  /** Address of the peer. */
  from: z.string().optional(),
  transport: z.string().optional(),
  lastSeen: Time.optional(),
  /** What was last found out about it. */
  facts: Facts.optional(),
  revision: z.int(),
})
export type Device = z.infer<typeof Device>

const Waiting = z.strictObject({
  path: z.string(),
  connected: z.boolean(),
  /** The end of it. Who claims it has to know all of it. */
  reason: z.string().optional(),
  from: z.string().optional(),
  lastSeen: Time.optional(),
})

const PinAnswer = z.strictObject({
  status: z.enum([
    'verified',
    'wrongPin',
    'lastTry',
    'blocked',
    'transportPin',
    'notInitialized',
    'notAuthenticated',
    'wrongLength',
    'notAllowed',
  ]),
  triesLeft: z.int().optional(),
  words: z.string(),
  /** The service has the PIN, and presents it when the device connects. */
  kept: z.boolean(),
})

const Erasure = z.strictObject({
  label: z.string(),
  keys: z.array(
    z.strictObject({
      reference: z.int(),
      id: Hex,
      label: z.string(),
      type: z.string(),
      fingerprint: z.string().optional(),
    }),
  ),
  certificates: z.array(z.string()),
  data: z.array(z.string()),
  keyDomains: z.array(z.string()),
  custodians: z.int(),
  soPin: PinState,
  words: z.array(z.string()),
  /** To be given to what erases: of anything else that there is by then, nothing is erased. */
  confirmation: z.string(),
})

const Confirmation = z.string().max(64)

/** A record, and a signature that openssl verifies. */
const SignedRecord = z.strictObject({
  /** JSON text, which is signed as it stands. */
  record: z.string(),
  /** Ed25519, base64. */
  signature: z.string(),
  /** SubjectPublicKeyInfo, PEM. */
  publicKey: z.string(),
})

/** Secrets stand in it as `secret`. */
const Exchange = z.strictObject({
  at: Time,
  /** As `VERIFY`. */
  command: z.string(),
  /** As `reference=user`. */
  parameters: z.string(),
  data: z.string(),
  /** As `ok` or `wrongPin, 2 tries left`. */
  outcome: z.string(),
  /** Status word; empty: there was no answer. */
  status: z.string(),
  answer: z.string(),
  /** Until the answer was there; commands that were sent together have the same. */
  ms: z.number(),
  /** It was encrypted on its way. */
  secure: z.boolean(),
  /** The id of the request that it was for; absent: the service does it by itself. */
  request: z.string().optional(),
})

const Traced = z.union([Exchange, z.strictObject({ at: Time, state: z.string(), reason: z.string().optional() })])
export type Traced = z.infer<typeof Traced>

export const deviceOperations = {
  listDevices: operation({
    method: 'GET',
    path: '/devices',
    summary: 'The devices of the tenant, by name',
    roles: readers,
    rate: 'read',
    query: PageQuery,
    answer: pageOf(Device),
    paged: true,
  }),
  listQuarantine: operation({
    method: 'GET',
    path: '/quarantine',
    summary: 'Devices that have proven who they are, and are nobody’s',
    roles: ['root'],
    rate: 'read',
    answer: z.strictObject({ items: z.array(Waiting) }),
  }),
  claimDevice: operation({
    method: 'POST',
    path: '/devices',
    summary: 'Takes a device out of quarantine',
    description: 'Who claims it shows with its enrolment code that he has seen it.',
    roles: administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({
      /** Its path, or the last part of that. */
      device: z.string().max(256),
      /** As its agent and `keytether card status` show it. */
      code: z.string().max(64),
      name: Name.optional(),
      /** Default: a group of its own. */
      group: Name.optional(),
      priority: z.int().min(0).max(1000).optional(),
      standby: z.boolean().optional(),
    }),
    answer: Device,
    revised: true,
    idempotent: true,
  }),
  getDevice: operation({
    method: 'GET',
    path: '/devices/{device}',
    summary: 'One of them',
    description: 'Nothing is asked of the device for it.',
    roles: readers,
    rate: 'read',
    answer: Device,
    revised: true,
  }),
  changeDevice: operation({
    method: 'PATCH',
    path: '/devices/{device}',
    summary: 'Names it, and says when it is asked',
    roles: administrators,
    rate: 'write',
    body: z.strictObject({
      name: Name.optional(),
      priority: z.int().min(0).max(1000).optional(),
      standby: z.boolean().optional(),
    }),
    answer: Device,
    revised: true,
  }),
  releaseDevice: operation({
    method: 'DELETE',
    path: '/devices/{device}',
    summary: 'Puts it back into quarantine; the service forgets its PIN',
    roles: administrators,
    rate: 'write',
    idempotent: true,
  }),
  refreshDevice: operation({
    method: 'POST',
    path: '/devices/{device}/refresh',
    summary: 'Asks it for what is shown of it',
    roles: administrators,
    rate: 'use',
    answer: Device,
    revised: true,
  }),
  traceDevice: operation({
    method: 'GET',
    path: '/devices/{device}/trace',
    summary: 'What is exchanged with it from now on, decoded, with secrets masked',
    description:
      'With `Accept: text/event-stream`, each command with its answer comes when it is answered, and the state of the device first and whenever it changes; without, only how many there were. What is sent to a device that is lent is encrypted for who has it, and not told.',
    roles: ['administrator', 'auditor'],
    rate: 'slow',
    query: z.strictObject({
      /** How long it goes on. */
      seconds: z.coerce.number().int().min(1).max(300).default(60),
      /** It ends earlier after so many exchanges. */
      limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
    }),
    answer: z.strictObject({
      exchanges: z.int(),
      /** `rights`: ask again, it has to be found out whether you may. */
      ended: z.enum(['time', 'limit', 'rights']),
    }),
    progress: Traced,
  }),
  deviceHistory: operation({
    method: 'GET',
    path: '/devices/{device}/history',
    summary: 'What happened to it, the latest first',
    roles: ['administrator', 'auditor'],
    rate: 'read',
    query: PageQuery,
    answer: pageOf(
      z.strictObject({
        id: z.int(),
        at: Time,
        type: z.string(),
        /** The id of the principal who did it; absent: the service by itself. */
        actor: z.string().optional(),
        /** What that one is called, if it is there still. */
        actorName: z.string().optional(),
        data: z.record(z.string(), z.unknown()),
      }),
    ),
    paged: true,
  }),
  giveDevicePin: operation({
    method: 'POST',
    path: '/devices/{device}/pin',
    summary: 'Presents its PIN, and keeps it if it is right',
    description: 'One that was refused is not presented again, and the last try is never spent.',
    roles: administrators,
    rate: 'use',
    state: 'unsealed',
    body: z.strictObject({
      pin: Pin,
      /** Sealed, so that it is presented whenever the device connects. */
      keep: z.boolean().default(true),
    }),
    answer: PinAnswer,
    secret: true,
  }),
  forgetDevicePin: operation({
    method: 'DELETE',
    path: '/devices/{device}/pin',
    summary: 'The service forgets its PIN, and it is locked',
    roles: administrators,
    rate: 'write',
  }),
  logoutDevice: operation({
    method: 'POST',
    path: '/devices/{device}/logout',
    summary: 'Locks it until it connects anew, or is given its PIN',
    roles: administrators,
    rate: 'use',
  }),
  changeDevicePin: operation({
    method: 'POST',
    path: '/devices/{device}/change-pin',
    summary: 'Changes its PIN; one that the service keeps is replaced',
    roles: administrators,
    rate: 'use',
    body: z.strictObject({ oldPin: Pin, newPin: Pin }),
    answer: PinAnswer,
    secret: true,
  }),
  unblockDevicePin: operation({
    method: 'POST',
    path: '/devices/{device}/unblock-pin',
    summary: 'Gives its PIN new tries with the SO-PIN, and another value if one is given',
    roles: administrators,
    rate: 'use',
    body: z.strictObject({ soPin: SoPin, newPin: Pin.optional() }),
    answer: PinAnswer,
    secret: true,
  }),
  labelDevice: operation({
    method: 'PUT',
    path: '/devices/{device}/label',
    summary: 'Names the token itself, for whatever reads it',
    roles: administrators,
    rate: 'use',
    body: z.strictObject({ label: z.string().min(1).max(64) }),
  }),
  planErasure: operation({
    method: 'GET',
    path: '/devices/{device}/erasure',
    summary: 'What initialising or retiring it would erase',
    description: 'Changes nothing. Its confirmation is to be given to what erases.',
    roles: administrators,
    rate: 'use',
    answer: Erasure,
  }),
  initializeDevice: operation({
    method: 'POST',
    path: '/devices/{device}/initialize',
    summary: 'Erases it, and sets its PINs and key domains',
    description: 'PINs in the body pass through the service; `keytether card initialize --device` keeps them from it.',
    roles: administrators,
    rate: 'slow',
    body: z.strictObject({
      confirmation: Confirmation,
      /** The first initialisation sets it, later ones must present it. */
      soPin: SoPin,
      pin: Pin,
      keepPin: z.boolean().default(true),
      label: z.string().min(1).max(64).optional(),
      /** Wrong PINs in a row before it is blocked. */
      pinTries: z.int().min(1).max(10).optional(),
      /** Keys can be copied by who has these shares. Not together with `keyDomains`. */
      dkekShares: z.int().min(0).max(255).optional(),
      keyDomains: z.int().min(1).max(16).optional(),
    }),
    answer: Erasure,
    secret: true,
  }),
  retireDevice: operation({
    method: 'POST',
    path: '/devices/{device}/retire',
    summary: 'Erases it for good, and says so in a signed record',
    description: 'It is only taken again when it is claimed anew.',
    roles: administrators,
    rate: 'slow',
    state: 'unsealed',
    body: z.strictObject({ confirmation: Confirmation, soPin: SoPin }),
    answer: SignedRecord,
    secret: true,
  }),
  getRetirement: operation({
    method: 'GET',
    path: '/devices/{device}/retirement',
    summary: 'The record of its retirement',
    roles: ['administrator', 'auditor'],
    rate: 'read',
    answer: SignedRecord,
  }),
}
