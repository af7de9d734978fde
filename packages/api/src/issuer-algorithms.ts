/** How tokens of identity providers may be signed: with public keys. With no schema, so that who lists them in a help text loads nothing else. */
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
