/** What went wrong, said to a person: an error, hints, and the exit code that scripts can rely on. */
import { getSystemErrorMessage, inspect } from 'node:util'

/** Stable, and listed by `keytether --help`. */
export const exitCodes = { failed: 1, usage: 2, pin: 3, notFound: 4, incomplete: 5, interrupted: 130 } as const

export type Failure = keyof typeof exitCodes

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: Failure
  /** What to do about it, a line each. */
  readonly hints: readonly string[]

  constructor(code: Failure, message: string, hints: readonly string[] = [], options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.hints = hints
  }
}

interface Explanation {
  readonly code: Failure
  readonly hints: readonly string[]
}

const lost: Explanation = {
  code: 'failed',
  hints: ['what was outstanding may have happened: look with `keytether card list`, then try again'],
}

/**
 * The errors of the packages below, by name and code. Names, because importing their classes would load every package
 * for every command.
 */
const explanations: Record<string, Explanation> = {
  'ChannelError REMOVED': { code: 'notFound', hints: ['put the card back and try again'] },
  'DriverError UNKNOWN_ROOT': {
    code: 'failed',
    hints: [
      'if the device is one of your own, name its root with --trust FILE',
      '`keytether emulator root > root.cvc` writes that of emulated tokens, for tests alone',
    ],
  },
  'DriverError NOT_GENUINE': { code: 'failed', hints: ['do not give this device your PIN'] },
  'DriverError NOT_INITIALIZED': { code: 'failed', hints: ['`keytether card initialize` does that'] },
  'DriverError NOT_LOGGED_IN': { code: 'pin', hints: [] },
  'DriverError KEY_NOT_FOUND': { code: 'notFound', hints: ['`keytether card list` shows the keys'] },
  'DriverError ALGORITHM_NOT_ALLOWED': {
    code: 'failed',
    hints: ['`keytether card list` shows what each key may be used for'],
  },
  'DriverError NO_KEY_DOMAIN': { code: 'failed', hints: ['`keytether card domain list` shows the key domains'] },
  'DriverError DOMAIN_INCOMPLETE': {
    code: 'failed',
    hints: ['`keytether card domain import` imports the missing shares'],
  },
  'DriverError OTHER_DOMAIN': {
    code: 'failed',
    hints: [
      'import the same shares on both cards with `keytether card domain import`: their key check values are then the same',
    ],
  },
  'DriverError FILE_NOT_FOUND': { code: 'notFound', hints: [] },
  'PcscError NO_READER': { code: 'notFound', hints: ['plug in a card reader'] },
  'PcscError UNKNOWN_READER': { code: 'notFound', hints: ['`keytether card readers` shows the readers'] },
  'PcscError NO_CARD': { code: 'notFound', hints: ['put a card into the reader'] },
  'PcscError CARD_REMOVED': { code: 'notFound', hints: ['put the card back and try again'] },
  'CustodyError WRONG_PASSWORD_SHARE': { code: 'pin', hints: ['compare it with its sheet, digit by digit'] },
  'CustodyError TOO_FEW_PASSWORD_SHARES': { code: 'pin', hints: [] },
  'SessionError UNTRUSTED': { code: 'failed', hints: ['if its authority is your own, name it with --ca FILE'] },
  'ApiError UNAUTHORIZED': {
    code: 'pin',
    hints: ['give the API token with --token-file or --token-env, or sign in with `keytether login`'],
  },
  'ApiError NOT_FOUND': { code: 'notFound', hints: [] },
  'ApiError UNKNOWN_KEY': { code: 'notFound', hints: [] },
  'ApiError UNKNOWN_HSM': { code: 'notFound', hints: [] },
  'ApiError BAD_REQUEST': { code: 'usage', hints: [] },
  'ApiError INVALID': { code: 'usage', hints: [] },
  'ApiError FORBIDDEN': { code: 'failed', hints: ['`keytether whoami` shows what you may'] },
  'ApiError STALE': { code: 'failed', hints: ['look at it again, then decide again'] },
  'ApiError SEALED': { code: 'failed', hints: ['`keytether service unseal` gives the master key'] },
  'ApiError NOT_DURABLE': { code: 'incomplete', hints: ['connect more members of the group, and run the same again'] },
  ConnectionLost: { code: 'failed', hints: ['is the service running, and is that its URL?'] },
  'ServiceError UNAUTHORIZED': { code: 'pin', hints: ['give the API token with --token-file or --token-env'] },
  'ServiceError UNKNOWN_HSM': { code: 'notFound', hints: ['`keytether card devices` shows the devices'] },
  'ServiceError AMBIGUOUS_HSM': { code: 'usage', hints: [] },
  'ServiceError TAKEN': {
    code: 'failed',
    hints: ['it is back when that is done, or a minute after whoever has it fell silent'],
  },
  'ServiceError LEASE_ENDED': lost,
  'ServiceError UNKNOWN_LEASE': lost,
  RangeError: { code: 'usage', hints: [] },
  'Error ENOENT': { code: 'notFound', hints: [] },
  'Error EACCES': { code: 'failed', hints: ['this user may not do that there'] },
  'Error EEXIST': { code: 'failed', hints: ['choose another name'] },
  'Error EADDRINUSE': { code: 'failed', hints: ['another program listens there: choose another port'] },
  'Error EADDRNOTAVAIL': { code: 'failed', hints: ['this machine does not have that address'] },
}

/** For errors that are not ours to phrase: what they say, with what we know to do about them. */
export function explain(error: unknown): Explanation & { readonly message: string } {
  if (!(error instanceof Error)) return { ...fault, message: inspect(error) }
  const { name } = error
  const message = systemMessage(error) ?? error.message
  const code = 'code' in error ? String(error.code) : ''
  const explanation = byService(error) ?? explanations[`${name} ${code}`] ?? explanations[name]
  if (explanation) return { ...explanation, message }
  return code ? { code: 'failed', hints: [], message } : { ...fault, message: error.stack ?? message }
}

/** The way to a remote card failed where the service says. */
function byService({ name, cause }: Error): Explanation | undefined {
  if (name !== 'ChannelError' || !(cause instanceof Error) || !('code' in cause)) return undefined
  return ['ServiceError', 'SessionError'].includes(cause.name) ? explanations[`${cause.name} ${cause.code}`] : undefined
}

/** Node puts first what only programmers look for; people get the file or the address, and what is wrong with it. */
function systemMessage(error: NodeJS.ErrnoException & { address?: string; port?: number }): string | undefined {
  const { errno, path, address, port } = error
  const subject = path ?? (address && (port === undefined ? address : `${address}:${port}`))
  if (errno === undefined || subject === undefined) return undefined
  return `${subject || 'an empty name'}: ${getSystemErrorMessage(errno)}`
}

const fault: Explanation = {
  code: 'failed',
  hints: ['this is a fault in keytether: please report it with the lines above'],
}
