/** Identity providers: whose tokens let in, and what those who show one may. */
import { z } from 'zod'
import { issuerAlgorithms } from './oidc.ts'
import { operation } from './operation.ts'
import { Roles, Tags } from './principals.ts'
import { Name, Time, wanted } from './values.ts'

const administrators = ['administrator'] as const
const readers = ['administrator', 'auditor'] as const

const Url = z
  .string()
  .max(512)
  .refine(
    isIssuerUrl,
    wanted('a URL with https:// and neither a query nor a password; http:// only to this machine itself'),
  )
  .meta({ examples: ['https://login.example.com'] })

const Text = z.string().min(1).max(256)

const Rule = z
  .strictObject({
    /** By its name, as `groups`; or a JSON Pointer, as `/realm_access/roles`. Absent, with `value`: of every token. */
    claim: Text.optional(),
    /** What the claim is, or what its list has. A `scope` is a list of words. */
    value: Text.optional(),
    roles: Roles.default([]),
    tags: Tags.default([]),
  })
  .refine(({ claim, value }) => (claim === undefined) === (value === undefined), {
    error: 'wanted a claim and its value, or neither',
  })

const settings = {
  /** The `iss` of its tokens; its discovery document is below. */
  url: Url,
  /** The `aud` of tokens that are for this service: one of these. */
  audiences: z.array(Text).min(1).max(16),
  algorithms: z.array(z.enum(issuerAlgorithms)).min(1).max(issuerAlgorithms.length),
  /** The claim that tells one from another, for ever. */
  nameClaim: Text,
  /** Whose token fits none of them is nobody here. */
  rules: z.array(Rule).max(64),
  /** Certificates of authorities to trust besides the system's, PEM. */
  authorities: z.string().max(32_768),
}

const Issuer = z.strictObject({
  id: z.string(),
  name: z.string(),
  ...settings,
  authorities: settings.authorities.optional(),
  /** In words, what was wrong with the last token that was refused, or with reading its keys; of this run of the service. */
  trouble: z.strictObject({ at: Time, reason: z.string() }).optional(),
  createdAt: Time,
  revision: z.int(),
})

export const issuerOperations = {
  listIssuers: operation({
    method: 'GET',
    path: '/issuers',
    summary: 'The identity providers of the tenant, by name',
    roles: readers,
    rate: 'read',
    answer: z.strictObject({ items: z.array(Issuer) }),
  }),
  createIssuer: operation({
    method: 'POST',
    path: '/issuers',
    summary: 'Lets in who shows a token of an identity provider (OpenID Connect)',
    description: 'Each of them is a principal, called NAME/SUBJECT, which is made when he first comes.',
    roles: administrators,
    rate: 'write',
    status: 201,
    body: z.strictObject({
      name: Name,
      ...settings,
      algorithms: settings.algorithms.default(['RS256', 'PS256', 'ES256', 'EdDSA']),
      nameClaim: settings.nameClaim.default('sub'),
      rules: settings.rules.default([]),
      authorities: settings.authorities.optional(),
    }),
    bodyLimit: 128 * 1024,
    answer: Issuer,
    revised: true,
    idempotent: true,
  }),
  getIssuer: operation({
    method: 'GET',
    path: '/issuers/{issuer}',
    summary: 'One of them',
    roles: readers,
    rate: 'read',
    answer: Issuer,
    revised: true,
  }),
  changeIssuer: operation({
    method: 'PATCH',
    path: '/issuers/{issuer}',
    summary: 'Changes it, from the next request on',
    description:
      'With another URL or name claim, those who are known by it are deleted: the same names are not the same people.',
    roles: administrators,
    rate: 'write',
    body: z.strictObject({ ...settings, authorities: settings.authorities.nullable() }).partial(),
    bodyLimit: 128 * 1024,
    answer: Issuer,
    revised: true,
  }),
  deleteIssuer: operation({
    method: 'DELETE',
    path: '/issuers/{issuer}',
    summary: 'Its tokens let nobody in any more; who came with one is deleted, and what he did stays in the history',
    roles: administrators,
    rate: 'write',
  }),
}

/** @see OpenID Connect Core, 2: https, neither query nor fragment */
function isIssuerUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username + url.password + url.search + url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback.has(url.hostname))
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])
