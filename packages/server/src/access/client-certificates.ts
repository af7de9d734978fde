/** Client certificates of the authorities that the configuration names: of the tenant main, by their subjects. */
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Hsm } from '@keytether/hsm'
import type { ServiceConfig } from '../config.ts'
import { inMain } from './configured.ts'
import type { WayIn } from './way-in.ts'

export function clientCertificates({ tls }: Pick<ServiceConfig, 'tls'>, { logins, tenants }: Hsm): WayIn {
  const subjectOfRequest = ({ socket }: IncomingMessage) =>
    socket instanceof TLSSocket ? subjectOf(socket, tls?.clientFingerprints) : undefined
  return {
    shown: request => subjectOfRequest(request) !== undefined,
    async callerOf(request, address) {
      const credential = `certificate ${subjectOfRequest(request)}`
      const { name, tenant, roles } = inMain(tenants.main, credential)
      return logins.byName(name, tenant, roles, { credential, address })
    },
  }
}

function subjectOf(socket: TLSSocket, fingerprints: readonly string[] | undefined): string | undefined {
  if (!socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const fingerprint = certificate.fingerprint256.replaceAll(':', '')
  if (fingerprints !== undefined && !fingerprints.includes(fingerprint)) return undefined
  return certificate.subject.replaceAll('\n', ', ')
}
