/** Words of log-in by an identity provider. With no schema, so that who lists them in a help text loads nothing else. */

/** Names the tenant, where several trust the issuer of a token. */
export const tenantHeader = 'Keytether-Tenant'

/** How tokens may be signed: so that a public key verifies them. */
export const issuerAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const
