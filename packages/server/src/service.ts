/** The service: the endpoint for cards and the API for applications on one port. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type DeviceSession, type Devices, type Hsm, type Lease, Leases, openHsm } from '@keytether/hsm'
import { addressOf } from './access/address.ts'
import { AgentProofs } from './access/agent-proofs.ts'
import { authenticator } from './access/authenticate.ts'
import { buildApp } from './app.ts'
import { asksForCertificates, type ServiceConfig, type TlsConfig } from './config.ts'
import type { Log } from './log.ts'
import { logWork } from './log-work.ts'
import type { CardSession } from './ram/card-session.ts'
import { RamEndpoint } from './ram/endpoint.ts'
import { ramServerOptions } from './ram/http-options.ts'
import { waitForRestart } from './reload.ts'
import { openTracing } from './tracing/tracing.ts'

export interface Service {
  /** Where it listens, as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly hsm: Hsm
  readonly devices: Devices
  /** Makes the first administrator; none: somebody can log in already. */
  readonly bootstrapSecret: string | undefined
  /**
   * Takes settings over for what begins from now on: certificate and key, authorities of clients, tokens, proxies.
   *
   * @returns names of settings that have changed and are not taken before the next start
   */
  reload(config: ServiceConfig): Promise<readonly string[]>
  /** Says that it is not ready, turns new requests away, finishes those that are under way, says good-bye to the cards, and ends. */
  close(): Promise<void>
}

const ramPath = '/rt/hsm'
/** Stock clients of the API give up after 15 s: they are told before why there is no signature. */
const patienceMs = 12_000
/** Cards may take minutes, and proxies often give up after half a minute. */
const lendingPatienceMs = 20_000
/** How long `close` lets operations run on. */
const drainMs = 10_000
/** How long it waits for clients to take their answers. */
const lingerMs = 2_000

/** @throws NodeJS.ErrnoException if the address cannot be had */
export async function startService(config: ServiceConfig, log: Log): Promise<Service> {
  const { database, masterKey } = config
  const hsm = await openHsm({ devices: config.devices, database, masterKey })
  const { devices, vault } = hsm
  const { done, pending, copy } = hsm.store.migrated
  if (pending.length > 0) log.info({ before: done, did: pending, copy }, 'database brought up to date')
  log.info({ database: hsm.store.name, secrets: vault.state }, 'database open')
  if (vault.state !== 'open') log.warn('the service is sealed: somebody has to give its master key')
  vault.events.on('open', () => log.info('the service is unsealed'))
  devices.events.on('change', device => logDevice(log, device))
  logWork(log, hsm)
  const leases = new Leases(devices)
  leases.events.on('begin', lease => log.info(leaseFields(lease), 'lease begun'))
  leases.events.on('end', (lease, reason) => log.info({ ...leaseFields(lease), reason }, 'lease over'))
  const secure = config.tls !== undefined
  let ofSettings = addressOf(config.proxies)
  const addressOfRequest = (request: IncomingMessage) => ofSettings(request)
  const proofs = new AgentProofs(hsm, addressOfRequest, log)
  const ram = new RamEndpoint({
    path: ramPath,
    secure,
    agentOf: request => proofs.agentOf(request),
    onSession(session) {
      const device = devices.attach(session, session.info)
      // It may have been revoked since it was let in.
      void hsm.agents.check(device)
      void device.settled().then(() => tellHowToClaim(session, hsm.registry.invitation(device)))
      void session.closed.then(error => device.close(error.message))
    },
  })
  const tracing = await openTracing(hsm, log)
  let settings = config
  let authenticate = await authenticator(config, hsm)
  const bootstrapSecret = canLogIn(config) ? undefined : await hsm.bootstrap.open()
  if (bootstrapSecret !== undefined)
    log.warn('nobody can log in yet: the secret that lets the first administrator in is on standard output')
  let ending = false
  let draining = false
  const app = buildApp({
    log,
    secure,
    url: config.url,
    hsm,
    leases,
    tracing,
    patienceMs,
    lendingPatienceMs,
    authenticate: (request, address) => authenticate(request, address),
    addressOf: addressOfRequest,
    ending: () => ending,
    draining: () => draining,
    serve: listener =>
      openServer(config.tls, ram, (request, response) => {
        if (isRam(request.url)) ram.handle(request, response)
        else listener(request, response)
      }),
  })
  try {
    await app.listen({
      host: config.host,
      port: config.port,
      // Fastify does not know that the server it was given speaks TLS.
      listenTextResolver: address => `service started at ${secure ? address.replace('http:', 'https:') : address}`,
    })
  } catch (error) {
    await hsm[Symbol.asyncDispose]()
    throw error
  }
  const url = urlOf(app.server.address() as AddressInfo, secure)

  async function end(): Promise<void> {
    ending = true
    const { drainMs: noticeMs = 0 } = settings
    if (noticeMs > 0) {
      log.info({ noticeMs }, 'service is not ready any more, and about to end')
      await pause(noticeMs)
    }
    draining = true
    // The cards' connections are needed until the last operation is done.
    await devices.drain(AbortSignal.timeout(drainMs))
    ram.close()
    devices.close('the service is shutting down')
    const timer = setTimeout(() => app.server.closeAllConnections(), lingerMs)
    await app.close()
    clearTimeout(timer)
    await hsm[Symbol.asyncDispose]()
    await tracing?.[Symbol.asyncDispose]()
    log.info('service ended')
  }
  let ended: Promise<void> | undefined
  return {
    url,
    hsm,
    devices,
    bootstrapSecret,
    async reload(next) {
      const waiting = waitForRestart(settings, next)
      const tls = waiting.some(name => name.startsWith('tls')) ? settings.tls : next.tls
      const { tokens, rootTokens, proxies, drainMs } = next
      const taken: ServiceConfig = { ...settings, tls, tokens, rootTokens, proxies, drainMs }
      const authenticateNext = await authenticator(taken, hsm)
      if (tls !== undefined) (app.server as unknown as SecureServer).setSecureContext(secureOptions(tls))
      authenticate = authenticateNext
      ofSettings = addressOf(taken.proxies)
      settings = taken
      return waiting
    },
    close() {
      ended ??= end()
      return ended
    },
  }
}

/** Whether the settings let anybody in. */
function canLogIn({ tokens, rootTokens, tls }: ServiceConfig): boolean {
  return tokens.length > 0 || rootTokens !== undefined || tls?.clientAuthorities !== undefined
}

/** To the people at the card, whatever client they use. */
function tellHowToClaim(session: CardSession, invitation: string | undefined): void {
  // Who is gone is not told.
  if (invitation !== undefined) session.notify(1, invitation).catch(() => {})
}

function isRam(url = '/'): boolean {
  const path = url.split('?', 1)[0]!
  return path === ramPath || path.startsWith(`${ramPath}/`)
}

function openServer(tls: TlsConfig | undefined, ram: RamEndpoint, listener: RequestListener): Server {
  const options = {
    ...ramServerOptions,
    shouldUpgradeCallback: (request: IncomingMessage) => isRam(request.url) && ram.wantsUpgrade(request),
  }
  const server = tls ? createSecureServer({ ...options, ...secureOptions(tls) }) : createServer(options)
  return server.on('request', listener).on('upgrade', (request, stream, head) => ram.upgrade(request, stream, head))
}

function secureOptions(tls: TlsConfig) {
  const { certificate, key, clientAuthorities } = tls
  const requestCert = asksForCertificates(tls)
  // Cards come without a certificate, and tenants have authorities of their own: who needs one is found out request by request.
  // Those of the system would be trusted if there was no list.
  const clients = { ca: clientAuthorities ?? [], requestCert, rejectUnauthorized: false }
  return { cert: certificate, key, minVersion: 'TLSv1.2', ...clients } as const
}

function urlOf({ address, family, port }: AddressInfo, secure: boolean): string {
  const host = family === 'IPv6' ? `[${address}]` : address
  return `${secure ? 'https' : 'http'}://${host}:${port}`
}

function logDevice(log: Log, { id, state, reason }: DeviceSession): void {
  const fields = { device: id, state, reason }
  if (state === 'offline') log.warn(fields, 'device offline')
  else log.info(fields, `device ${state}`)
}

function leaseFields({ device, borrower, since }: Lease) {
  return { device: device.id, borrower, since }
}
