/** The service's log: JSON, one line an event. What is logged is chosen where it is logged; secrets never are. */
import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Logger

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * Lines are written before the call returns: the last ones before an end, of whatever kind, are those that matter.
 *
 * @param destination a file descriptor; default standard output
 */
export function createLog(level: LogLevel, destination: number = process.stdout.fd): Log {
  return logTo(level, pino.destination({ dest: destination, sync: true }))
}

export interface LogFile {
  readonly log: Log
  /** Goes on in a file of the same name, after somebody has given this one another. */
  reopen(): void
}

/** @throws NodeJS.ErrnoException if it cannot be written */
export function openLogFile(level: LogLevel, path: string): LogFile {
  const destination = pino.destination({ dest: path, append: true, mode: 0o600, sync: true })
  return { log: logTo(level, destination), reopen: () => destination.reopen() }
}

function logTo(level: LogLevel, destination: DestinationStream): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}
