/** Commands that work on two cards. */
import { CliError } from './errors.ts'

/** For errors of log-in: which of the two it was, and which option is its own. */
export function ofCard(address: string, custodian = '--custodian'): (error: unknown) => never {
  return error => {
    if (!(error instanceof CliError)) throw error
    const hints = error.hints.map(hint => hint.replace(/^--custodian/, custodian))
    throw new CliError(error.code, `${address}: ${error.message}`, hints, { cause: error })
  }
}
