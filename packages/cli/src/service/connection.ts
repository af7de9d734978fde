/** The way to a service, and its REST API over it. */
import type { HttpClient, SessionError } from '@keytether/agent'
import type { Client, Send } from '@keytether/api'
import { tenantHeader } from '@keytether/api/oidc'
import { interruptible } from '../interrupt.ts'
import { type ServiceAccess, type ServiceOptions, serviceAccess } from './options.ts'

export interface ServiceConnection {
  readonly http: HttpClient
  /** Headers that say who asks. */
  readonly credentials: Readonly<Record<string, string>>
}

/** @param folder of the service's, as `/api/` */
export async function connect(
  { url, token, tenant, ...tls }: ServiceAccess,
  folder: string,
): Promise<ServiceConnection> {
  const { HttpClient } = await import('@keytether/agent')
  return {
    http: new HttpClient({ url: `${url}${folder}`, ...tls }),
    credentials: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(tenant !== undefined && { [tenantHeader]: tenant }),
    },
  }
}

const mayPass = new Set(['NETWORK', 'CONNECT', 'TIMEOUT'])

/**
 * Asks the service that the options name; Ctrl-C calls it off.
 *
 * @param given how to get there, if not as the options say
 */
export async function withService<T>(
  options: ServiceOptions,
  run: (client: Client, signal: AbortSignal, send: Send) => Promise<T>,
  given?: ServiceAccess,
): Promise<T> {
  const { ConnectionLost, createClient } = await import('@keytether/api')
  const access = given ?? (await serviceAccess(options))
  const connection = await connect(access, '/')
  using _ = connection.http
  const send = transport(connection, error => {
    const { name, code, message } = error as SessionError
    const onTheWay = name !== 'SessionError' || mayPass.has(code)
    return onTheWay ? new ConnectionLost(message, { cause: error }) : error
  })
  return await interruptible(signal => run(createClient({ send: withSignal(send, signal) }), signal, send))
}

function withSignal(send: Send, signal: AbortSignal): Send {
  return request => send({ ...request, signal: request.signal ? AbortSignal.any([request.signal, signal]) : signal })
}

function transport({ http, credentials }: ServiceConnection, lost: (error: unknown) => unknown): Send {
  let reached = false
  return async ({ path, body, headers, ...request }) => {
    try {
      const response = await http.open({
        ...request,
        path: path.slice(1),
        headers: { ...headers, ...credentials },
        ...(body !== undefined && { body: new TextEncoder().encode(body) }),
      })
      reached = true
      return {
        status: response.statusCode!,
        header: name => response.headers[name]?.toString(),
        body: chunks(response, lost),
      }
    } catch (error) {
      // Where nothing has ever answered, more likely the address is wrong than the way interrupted.
      throw reached ? lost(error) : error
    }
  }
}

async function* chunks(
  response: AsyncIterable<Uint8Array>,
  lost: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* response
  } catch (error) {
    throw lost(error)
  }
}
