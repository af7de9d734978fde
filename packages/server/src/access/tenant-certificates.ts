/** Client certificates of the authorities that tenants have. TLS only shows that who connects has the key: the domain does the rest. */
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { ClientCertificate, type Hsm } from '@keytether/hsm'
import type { WayIn } from './authenticate.ts'

export function tenantCertificates({ authorities }: Hsm): WayIn {
  /** None: it cannot be read, and is nobody's. */
  const known = new WeakMap<TLSSocket, ClientCertificate | undefined>()
  const shownBy = ({ socket }: IncomingMessage) =>
    socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined
  return {
    shown: request => shownBy(request) !== undefined,
    async callerOf(request, address) {
      const socket = request.socket as TLSSocket
      if (!known.has(socket)) known.set(socket, readable(shownBy(request)!))
      const certificate = known.get(socket)
      return certificate && authorities.callerOf(certificate, address)
    },
  }
}

function readable(der: Uint8Array): ClientCertificate | undefined {
  try {
    return new ClientCertificate(new Uint8Array(der))
  } catch {
    return undefined
  }
}
