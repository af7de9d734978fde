/** Names that the service gives: a prefix that says of what, and 120 random bits that URLs can carry. */
import { randomBytes } from 'node:crypto'

export type IdPrefix =
  | 'tnt'
  | 'prn'
  | 'crd'
  | 'aut'
  | 'psk'
  | 'ses'
  | 'iss'
  | 'enr'
  | 'crm'
  | 'dev'
  | 'grp'
  | 'key'
  | 'kv'
  | 'dk'
  | 'cer'
  | 'log'

export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomBytes(15).toString('base64url')}`
}
