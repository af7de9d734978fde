/** Authorities, and the certificates by which they let somebody in. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Credential, narrowing } from './principals.ts'
import { Name, Time, wanted } from './values.ts'

const administrators = ['administrator'] as const
const readers = ['administrator', 'auditor'] as const

const certificateExample = `-----BEGIN CERTIFICATE-----
MIIBgDCCASegAwIBAgIUJHkh1RPdC2w5v74ujDCsEuEKdnQwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjExOTA2MTZaGA8yMTI2MTAy
ODE5MDYxNlowFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABHqUnBY+e2pZOZasoVxT4U4tLQ9OSzrHX2/O3zYSkKipWxZ4G2RC
NlxBfMD+Y22Hr5q6/J6+kzQb/8rFhq3x9TujUzBRMB0GA1UdDgQWBBQaPKMPl1Kc
S6Z9FDrevjzFCJ8LCjAfBgNVHSMEGDAWgBQaPKMPl1KcS6Z9FDrevjzFCJ8LCjAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIGmYJtAhmCMfS1cvtXKp
TqwzOZvi1tbAJ991V7lX/UdsAiAfWwU/wc/lC8tqtboMHhagSvmSE7nj+Ez/9YS1
A4aoEA==
-----END CERTIFICATE-----
`
const listExample = `-----BEGIN X509 CRL-----
MIGbMEMwCgYIKoZIzj0EAwIwFTETMBEGA1UEAwwKRXhhbXBsZSBDQRcNMjYxMTIx
MTkwNjE2WhgPMjEyNjEwMjgxOTA2MTZaMAoGCCqGSM49BAMCA0gAMEUCIAq6qgJI
n/LIw7rF8t7CHJ2TBfCBakzoTn9YXpWfMMQ2AiEAyP4Jh/LkL2qjbChOqSkspVY4
6O1Za0bV0ZuPqZvIDO0=
-----END X509 CRL-----
`

function pem(label: string, example: string) {
  return z
    .string()
    .regex(new RegExp(`-----BEGIN ${label}-----`), wanted(`one ${label} in PEM form`))
    .meta({ examples: [example] })
}

const RevocationList = pem('X509 CRL', listExample).max(1_000_000)
const bodyLimit = 1_100_000

export const Authority = z.strictObject({
  id: z.string(),
  name: z.string(),
  subject: z.string(),
  /** SHA-256 of its certificate, hexadecimal. */
  fingerprint: z.string(),
  notAfter: Time,
  /** Absent: what it has issued is good until it ends. */
  revocations: z
    .strictObject({
      count: z.int(),
      thisUpdate: Time,
      /** From then on nothing that it has issued is taken, until there is a new list. */
      nextUpdate: Time.optional(),
    })
    .optional(),
  createdAt: Time,
  revision: z.int(),
})
export type Authority = z.infer<typeof Authority>

const Identity = z
  .string()
  .max(1024)
  .regex(
    /^((dns|email|uri):[\x21-\x7e]+|subject:.+|fingerprint:[0-9A-F]{64})$/,
    wanted(
      'an identity as dns:web.example.com, email:…, uri:…, subject:C=DE, CN=web, or fingerprint: with SHA-256 as 64 upper-case hexadecimal digits',
    ),
  )
  .meta({ examples: ['dns:web.example.com'] })

export const authorityOperations = {
  listAuthorities: operation({
    method: 'GET',
    path: '/authorities',
    summary: 'The authorities whose certificates may let somebody in, by name',
    roles: readers,
    rate: 'read',
    answer: z.strictObject({ items: z.array(Authority) }),
  }),
  createAuthority: operation({
    method: 'POST',
    path: '/authorities',
    summary: 'Takes an authority in; nobody may log in by that alone',
    description:
      'Certificates are taken that it has issued itself. One that issues by way of others is none here: they are.',
    roles: administrators,
    rate: 'write',
    status: 201,
    bodyLimit,
    body: z.strictObject({
      name: Name,
      certificate: pem('CERTIFICATE', certificateExample).max(64_000),
      revocations: RevocationList.optional(),
    }),
    answer: Authority,
    revised: true,
  }),
  getAuthority: operation({
    method: 'GET',
    path: '/authorities/{authority}',
    summary: 'One of them',
    roles: readers,
    rate: 'read',
    answer: Authority,
    revised: true,
  }),
  changeAuthority: operation({
    method: 'PATCH',
    path: '/authorities/{authority}',
    summary: 'Changes its list of revoked certificates, which are refused from the next request on',
    description: 'A list has to be whole and signed by the authority itself, and not older than the one before.',
    roles: administrators,
    rate: 'write',
    bodyLimit,
    body: z.strictObject({
      /** Null: what it has issued is good until it ends. */
      revocations: RevocationList.nullable(),
    }),
    answer: Authority,
    revised: true,
  }),
  deleteAuthority: operation({
    method: 'DELETE',
    path: '/authorities/{authority}',
    summary: 'Deletes an authority on which no credential hangs',
    roles: administrators,
    rate: 'write',
  }),
  bindCertificate: operation({
    method: 'POST',
    path: '/principals/{principal}/certificates',
    summary: 'Lets a principal log in with certificates of an authority that name an identity',
    description:
      'Where two tenants have the same authority, an identity is of who was first. The credential is listed and revoked as a token is.',
    roles: administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({
      /** Of the credential. */
      name: Name,
      authority: Name,
      identity: Identity,
      expiresAt: Time.optional(),
      ...narrowing,
    }),
    answer: Credential,
    idempotent: true,
  }),
}
