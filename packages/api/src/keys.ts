/** Keys: their versions, and the life of these. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, PageQuery, pageOf, Time, wanted } from './values.ts'

const readers = ['manager', 'operator', 'auditor'] as const
const managers = ['manager'] as const

const base64Text = wanted('Base64')
const Base64 = z.base64(base64Text).min(4, base64Text)
const hexText = wanted('an id of 1 to 64 bytes in hexadecimal')
const CardKeyId = z.string(hexText).regex(/^([0-9A-Fa-f]{2}){1,64}$/, hexText)
const exampleCertificate = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUcJfTAh6GR2AhVgojFFFMzE7MV6owCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZXhhbXBsZTAeFw0yNjExMjExNjAyMjJaFw0zNjExMTgxNjAy
MjJaMBIxEDAOBgNVBAMMB2V4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAThLQu5dQoViiINBPVJ62ZZSk9SNY6gJUEsF5NbS0OUJRcPYSbrg/n2JmstD1OQ
gHETfWdJHm2wS1pBOa6VCUOno1MwUTAdBgNVHQ4EFgQUc0pQaUbSRK4i9o+s/17O
V2TLMiEwHwYDVR0jBBgwFoAUc0pQaUbSRK4i9o+s/17OV2TLMiEwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA+5D4+3D1pXUUIbvlgmvU9szjQHeJ
JHZZgQWOaOSezBsCIHMGtkzzkcgEzm+0IVseyZST7VXse0SnPGUpRsYjJF3Z
-----END CERTIFICATE-----
`
const pemText = wanted('an X.509 certificate in PEM')
const Certificate = z
  .string(pemText)
  .regex(/^\s*-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*$/, pemText)
  .meta({ examples: [exampleCertificate] })
const VersionNumber = z.int().min(1)
const tags = z.array(Name).max(16)
const reason = z.string().min(1).max(200)

const states = ['creating', 'pre-active', 'active', 'suspended', 'deactivated', 'destroyed', 'erased'] as const

const Version = z.strictObject({
  version: z.int(),
  /** `erased`: destroyed, and not to be restored any more. */
  state: z.enum(states),
  stateSince: Time,
  /** Why it is in this state, or what it is still being made for, in words. */
  reason: z.string().optional(),
  /** What it is called on tokens, and its PKCS #15 iD there; absent: it is not made yet. */
  label: z.string(),
  cardKeyId: z.string().optional(),
  /** PEM; absent: a secret key. */
  publicKey: z.string().optional(),
  /** Key check value or unique id of its key domain. */
  keyDomain: z.string().optional(),
  /** A certificate is stored with it. */
  certificate: z.boolean(),
  /** Names of devices that hold it and are ready. */
  devices: z.array(z.string()),
  /** Until when it can be restored. */
  restorableUntil: Time.optional(),
  /** To within a second. */
  uses: z.int(),
  lastUsedAt: Time.optional(),
  createdAt: Time,
})

export const Key = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** Its name. */
  group: z.string(),
  kind: z.enum(['EC', 'RSA', 'AES']),
  curve: z.string().optional(),
  bits: z.int().optional(),
  /** What it may be used for; none: everything that its kind can do. */
  algorithms: z.array(z.string()),
  /** It can leave a token, encrypted under its key domain. */
  exportable: z.boolean(),
  /** Operators need one of them, if there are any. */
  tags: z.array(z.string()),
  /** How many members of the group hold a version before it is told of. */
  durability: z.int(),
  /** How often each version may be used, counted by the token. */
  useCounter: z.int().optional(),
  /** Days after which the service makes the next version by itself. */
  rotateAfterDays: z.int().optional(),
  /** The version that signs and encrypts; absent: there is none yet. */
  primary: z.int().optional(),
  /** Of the primary version; without one, of the newest. */
  state: z.enum(states),
  versions: z.array(Version),
  createdAt: Time,
  revision: z.int(),
})
export type Key = z.infer<typeof Key>

const settings = {
  name: Name,
  /** Name or id. */
  group: Name,
  tags: tags.default([]),
  /** Default 2, or 1 where there are not two members or it cannot be copied: the answer says which. */
  durability: z.int().min(1).max(64).optional(),
  rotateAfterDays: z.int().min(1).max(3_650).optional(),
  /** How long to wait until it is durable; the service goes on with it afterwards. */
  waitSeconds: z.int().min(1).max(590).default(120),
}
const made = {
  ...settings,
  /** Names as `ecdsa-sha256`; default: everything that its kind can do. */
  algorithms: z.array(z.string().max(32)).min(1).max(16).optional(),
  exportable: z.boolean().default(true),
  useCounter: z.int().min(1).max(0xfffffffe).optional(),
  activate: z.boolean().default(true),
}

const NewKey = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('EC'), curve: z.string().max(32), ...made }),
  z.strictObject({ kind: z.literal('RSA'), bits: z.int(), ...made }),
  z.strictObject({ kind: z.literal('AES'), bits: z.int(), ...made }),
])

const Change = z.strictObject({
  /** Default: all versions that can be changed so. */
  version: VersionNumber.optional(),
  reason: reason.optional(),
})

const VersionQuery = z.strictObject({
  /** Default: the primary one. */
  version: z.coerce.number().int().min(1).optional(),
})

/** A change of the state of versions. */
function change<const N extends string>(name: N, summary: string) {
  return operation({
    method: 'POST',
    path: `/keys/{key}/${name}`,
    summary,
    roles: managers,
    rate: 'write',
    body: Change,
    answer: Key,
    revised: true,
    idempotent: true,
  })
}

export const keyOperations = {
  listKeys: operation({
    method: 'GET',
    path: '/keys',
    summary: 'The keys of the tenant, by name',
    roles: readers,
    rate: 'read',
    query: PageQuery.extend({
      /** What the names begin with. */
      prefix: z.string().max(128).optional(),
      group: Name.optional(),
      kind: z.enum(['EC', 'RSA', 'AES']).optional(),
      state: z.enum(states).optional(),
      tag: Name.optional(),
    }),
    answer: pageOf(Key),
    paged: true,
  }),
  createKey: operation({
    method: 'POST',
    path: '/keys',
    summary: 'Makes a key on the tokens of a group',
    description:
      'Not answered before as many members as `durability` says hold a verified copy, and the wrapped key is stored. If members ' +
      'are short it is NOT_DURABLE: the service goes on with it, and the same request, known by the name, waits for it again.',
    roles: managers,
    rate: 'slow',
    status: 201,
    body: NewKey,
    answer: Key,
    revised: true,
    idempotent: true,
  }),
  importKey: operation({
    method: 'POST',
    path: '/key-imports',
    summary: 'Takes in a key that was wrapped under the key domain of the group',
    description: 'In the format of sc-hsm-tool. No key comes here in the clear: who imports one wraps it before.',
    roles: managers,
    rate: 'slow',
    status: 201,
    body: z.strictObject({ ...settings, wrapped: Base64, activate: z.boolean().default(true) }),
    answer: Key,
    revised: true,
    idempotent: true,
  }),
  adoptKeys: operation({
    method: 'POST',
    path: '/key-adoptions',
    summary: 'Gives a name to keys that are on tokens of the group already',
    description: 'Each is a version, in this order: the last one signs and encrypts, the others only decrypt.',
    roles: managers,
    rate: 'slow',
    status: 201,
    body: z.strictObject({ ...settings, cardKeyIds: z.array(CardKeyId).min(1).max(32) }),
    answer: Key,
    revised: true,
    idempotent: true,
  }),
  getKey: operation({
    method: 'GET',
    path: '/keys/{key}',
    summary: 'A key with its versions',
    roles: readers,
    rate: 'read',
    answer: Key,
    revised: true,
  }),
  updateKey: operation({
    method: 'PATCH',
    path: '/keys/{key}',
    summary: 'Changes its name, tags or rotation',
    description: 'On tokens, what is there keeps its label.',
    roles: managers,
    rate: 'write',
    body: z.strictObject({
      name: Name.optional(),
      tags: tags.optional(),
      /** null: never. */
      rotateAfterDays: z.int().min(1).max(3_650).nullable().optional(),
    }),
    answer: Key,
    revised: true,
  }),
  rotateKey: operation({
    method: 'POST',
    path: '/keys/{key}/versions',
    summary: 'Makes the next version, which becomes the primary one when it is durable',
    description: 'The versions before it still decrypt. Answered as `createKey` is.',
    roles: managers,
    rate: 'slow',
    status: 201,
    body: z.strictObject({
      activate: z.boolean().default(true),
      waitSeconds: settings.waitSeconds,
    }),
    answer: Key,
    revised: true,
    idempotent: true,
  }),
  activateKey: change('activate', 'Takes versions into use, also those that were suspended'),
  suspendKey: change('suspend', 'Versions cannot be used until they are activated'),
  deactivateKey: change('deactivate', 'Versions only decrypt and verify from now on'),
  destroyKey: operation({
    ...change(
      'destroy',
      'Versions cannot be used any more, and are erased from all tokens when the time to restore them is over',
    ),
    body: Change.extend({
      /** 0: erased at once. */
      restorableDays: z.int().min(0).max(365).default(7),
      /** Also while data keys hang on a version, which are then lost with it. */
      force: z.boolean().default(false),
    }),
  }),
  restoreKey: change('restore', 'Versions that were destroyed are what they were before'),
  requestCertificate: operation({
    method: 'POST',
    path: '/keys/{key}/certification-request',
    summary: 'A certification request, PKCS #10, signed by the key',
    roles: managers,
    rate: 'use',
    body: z.strictObject({
      version: VersionNumber.optional(),
      /** From the least specific to the most: `[{ "type": "C", "value": "LU" }, { "type": "CN", "value": "…" }]` */
      subject: z.array(z.strictObject({ type: z.string().max(16), value: z.string().max(256) })).max(16),
      dnsNames: z.array(z.string().max(253)).max(100).optional(),
      emailAddresses: z.array(z.string().max(254)).max(100).optional(),
      ipAddresses: z.array(z.string().max(45)).max(100).optional(),
      uris: z.array(z.string().max(1_024)).max(16).optional(),
      /** Of RSA keys: sign with PSS in place of PKCS #1 v1.5. */
      pss: z.boolean().default(false),
    }),
    answer: z.strictObject({ version: z.int(), request: z.string() }),
  }),
  putCertificate: operation({
    method: 'PUT',
    path: '/keys/{key}/certificate',
    summary: 'Stores a certificate of the key, here and on every token that holds it',
    roles: managers,
    rate: 'slow',
    body: z.strictObject({ version: VersionNumber.optional(), certificate: Certificate }),
    /** Names of the devices that have it; others get it when they are ready. */
    answer: z.strictObject({ version: z.int(), devices: z.array(z.string()) }),
  }),
  getCertificate: operation({
    method: 'GET',
    path: '/keys/{key}/certificate',
    summary: 'The certificate of the key, PEM',
    roles: readers,
    rate: 'read',
    query: VersionQuery,
    answer: z.strictObject({ version: z.int(), certificate: z.string() }),
  }),
  getAttestation: operation({
    method: 'GET',
    path: '/keys/{key}/attestation',
    summary: 'What shows to others that a device made the key, and whether it can leave it',
    roles: readers,
    rate: 'read',
    query: VersionQuery,
    answer: z.strictObject({
      version: z.int(),
      /** Certified path of the device that made it. */
      device: z.string(),
      /** As the token told of it, which it does not sign: whether it can be copied, and where to. */
      exportable: z.boolean(),
      statement: z.string(),
      /** JSON, as `keytether verify-attestation` takes it. */
      attestation: z.string(),
    }),
  }),
}
