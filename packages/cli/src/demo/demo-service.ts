/** The demonstration's service, in this process, and the token as the service sees it. */
import type { TrustRoot } from '@keytether/card'
import type { DeviceSession } from '@keytether/hsm'
import type { Service } from '@keytether/server'
import { CliError } from '../errors.ts'

export interface DemoServiceOptions {
  readonly port: number
  readonly token: string
  readonly roots: readonly TrustRoot[]
  /** A file descriptor. */
  readonly log: number
}

export async function startDemoService({ port, token, roots, log }: DemoServiceOptions): Promise<Service> {
  const { createLog, startService } = await import('@keytether/server')
  try {
    return await startService({ host: '127.0.0.1', port, tokens: [token], devices: { roots } }, createLog('info', log))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    const hint = `choose another one: --port ${port + 1}`
    throw new CliError('failed', `port ${port} of 127.0.0.1 is in use by another program`, [hint], { cause })
  }
}

/** @throws CliError if the time is over; the signal's reason if that aborts */
export function deviceReady({ devices }: Service, timeoutMs: number, signal: AbortSignal): Promise<DeviceSession> {
  const { promise, resolve, reject } = Promise.withResolvers<DeviceSession>()
  let reason: string | undefined
  const onChange = (device: DeviceSession) => {
    reason = device.reason ?? reason
    if (device.state === 'ready') resolve(device)
  }
  const onAbort = () => reject(signal.reason)
  const onTimeout = () => reject(new CliError('failed', `the token is not ready: ${reason ?? 'it did not dial in'}`))
  const timer = setTimeout(onTimeout, timeoutMs)
  devices.events.on('change', onChange)
  signal.addEventListener('abort', onAbort)
  return promise.finally(() => {
    clearTimeout(timer)
    devices.events.off('change', onChange)
    signal.removeEventListener('abort', onAbort)
  })
}

/** Tells when the token goes and comes back, until the signal aborts. */
export function watchDevice({ devices }: Service, signal: AbortSignal, tell: (line: string) => void): void {
  devices.events.on('change', ({ state, reason }) => {
    if (signal.aborted) return
    if (state === 'offline') tell(`The token is offline: ${reason}`)
    if (state === 'ready') tell('The token is ready again')
  })
}
