/** Client certificates of the authorities that tenants have. TLS only shows that who connects has the key: the domain does the rest. */
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { ClientCertificate, type Hsm } from '@keytether/hsm'
import { meantTenant } from './meant-tenant.ts'
import type { WayIn } from './way-in.ts'

export function tenantCertificates({ authorities, tenants }: Hsm): WayIn {
  /** What each connection shows, which stays as it is: none, or what nobody can read, or a certificate. */
  const known = new WeakMap<TLSSocket, ClientCertificate | 'unreadable' | undefined>()
  const shownBy = ({ socket }: IncomingMessage) => {
    if (!(socket instanceof TLSSocket)) return undefined
    if (!known.has(socket)) known.set(socket, certificateOf(socket))
    return known.get(socket)
  }
  return {
    shown: request => shownBy(request) !== undefined,
    async callerOf(request, address) {
      const certificate = shownBy(request)
      if (!(certificate instanceof ClientCertificate)) return undefined
      const named = meantTenant(request)
      if (named === undefined) return authorities.callerOf(certificate, address)
      const meant = await tenants.idOf(named)
      return meant === undefined ? undefined : authorities.callerOf(certificate, address, meant)
    },
  }
}

function certificateOf(socket: TLSSocket): ClientCertificate | 'unreadable' | undefined {
  const der = socket.getPeerX509Certificate()?.raw
  if (der === undefined) return undefined
  try {
    return new ClientCertificate(new Uint8Array(der))
  } catch {
    return 'unreadable'
  }
}
