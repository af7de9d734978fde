/** Texts that no database is asked for. */
import { RequestError } from '../errors.ts'

/**
 * The character NUL is in no name, cursor or word that there is, and PostgreSQL takes none that has it.
 *
 * @param value as JSON has it, in which all texts are looked at
 * @throws RequestError BAD_REQUEST
 */
export function demandText(value: unknown): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new RequestError('BAD_REQUEST', 'wanted text without the character NUL')
  } else if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) demandText(each)
  }
}
