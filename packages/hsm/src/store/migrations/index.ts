/** Every step from an empty database to what `Tables` says, in order. What was released is not changed any more. */
import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../dialect.ts'
import { up as start } from './001-start.ts'
import { up as access } from './002-access.ts'
import { up as people } from './003-people.ts'
import { up as issuers } from './004-issuers.ts'
import { up as audit } from './005-audit.ts'
import { up as limits } from './006-limits.ts'

type Step = (db: Kysely<unknown>, types: ColumnTypes) => Promise<void>
export type Steps = Readonly<Record<string, Step>>

export const steps: Steps = {
  '001-start': start,
  '002-access': access,
  '003-people': people,
  '004-issuers': issuers,
  '005-audit': audit,
  '006-limits': limits,
}
