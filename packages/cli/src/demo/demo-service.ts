/** The demonstration's service, in this process, and its tokens as the service sees them. */
import type { TrustRoot } from '@keytether/card'
import type { DeviceSession } from '@keytether/hsm'
import type { Service } from '@keytether/server'
import { CliError } from '../errors.ts'
import type { DataFolder } from './data-folder.ts'

export interface DemoServiceOptions {
  readonly port: number
  readonly data: DataFolder
  readonly roots: readonly TrustRoot[]
  /** A file descriptor. */
  readonly log: number
}

export async function startDemoService({ port, data, roots, log }: DemoServiceOptions): Promise<Service> {
  const { createLog, startService } = await import('@keytether/server')
  const config = {
    host: '127.0.0.1',
    port,
    tokens: [data.token],
    database: `sqlite:${data.database}`,
    masterKey: { passphrase: data.masterKey },
    // Whatever dials in here is the demonstrator's own.
    devices: { roots, admit: 'genuine' },
  } as const
  try {
    return await startService(config, createLog('info', log))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    const hint = `choose another one: --port ${port + 1}`
    throw new CliError('failed', `port ${port} of 127.0.0.1 is in use by another program`, [hint], { cause })
  }
}

/**
 * Resolves when all the devices are ready.
 *
 * @param paths their ids
 * @throws CliError if the time is over; the signal's reason if that aborts
 */
export function devicesReady(
  { devices }: Service,
  paths: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const missing = new Map<string, string>(paths.map(path => [path, 'it did not dial in']))
  const onChange = ({ id, state, reason }: DeviceSession) => {
    if (id === undefined || !missing.has(id)) return
    if (state === 'ready') missing.delete(id)
    else if (reason !== undefined) missing.set(id, reason)
    if (missing.size === 0) resolve()
  }
  const onAbort = () => reject(signal.reason)
  const onTimeout = () => {
    const reasons = [...missing].map(([path, reason]) => `${path}: ${reason}`)
    reject(new CliError('failed', `not all tokens are ready: ${reasons.join('; ')}`))
  }
  const timer = setTimeout(onTimeout, timeoutMs)
  devices.events.on('change', onChange)
  signal.addEventListener('abort', onAbort)
  return promise.finally(() => {
    clearTimeout(timer)
    devices.events.off('change', onChange)
    signal.removeEventListener('abort', onAbort)
  })
}

/** Tells when a token goes and comes back, until the signal aborts. */
export function watchDevices({ devices }: Service, signal: AbortSignal, tell: (line: string) => void): void {
  devices.events.on('change', ({ id, state, reason }) => {
    if (signal.aborted || id === undefined) return
    if (state === 'offline') tell(`Token ${id} is offline: ${reason}`)
    if (state === 'ready') tell(`Token ${id} is ready again`)
  })
}
