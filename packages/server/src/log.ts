/** The service's log: JSON, one line an event. What is logged is chosen where it is logged; secrets never are. */
import { type Logger, pino } from 'pino'

export type Log = Logger

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * Lines are written before the call returns: the last ones before an end, of whatever kind, are those that matter.
 *
 * @param destination a file descriptor; default standard output
 */
export function createLog(level: LogLevel, destination: number = process.stdout.fd): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: destination, sync: true }),
  )
}
