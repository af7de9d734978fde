/** The service's API that lends devices, asked over HTTP. */
import type { Device, LeaseGranted } from '@keytether/server/device-api'
import { connect, type ServiceConnection } from './connection.ts'
import type { ServiceAccess } from './options.ts'

/** The service refused; `code` is the one of its API, or `NOT_A_SERVICE` for answers that are not of this API. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false }
}

interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/** More than any answer has. */
const maxAnswer = 1024 * 1024

/** All throw SessionError if the service cannot be reached, and ServiceError if it refuses. */
export class ServiceClient implements Disposable {
  readonly #connection: ServiceConnection
  readonly #schemas: typeof import('@keytether/server/device-api')

  private constructor(connection: ServiceConnection, schemas: typeof import('@keytether/server/device-api')) {
    this.#connection = connection
    this.#schemas = schemas
  }

  static async open(access: ServiceAccess): Promise<ServiceClient> {
    const schemas = await import('@keytether/server/device-api')
    return new ServiceClient(await connect(access, '/api/'), schemas)
  }

  devices(signal?: AbortSignal): Promise<Device[]> {
    return this.#ask(this.#schemas.Device.array(), { method: 'GET', path: 'devices', signal })
  }

  lend(device: string, keepLogIn: boolean, signal?: AbortSignal): Promise<LeaseGranted> {
    const path = `devices/${encodeURIComponent(device)}/lease`
    return this.#ask(this.#schemas.LeaseGranted, { method: 'POST', path, body: { keepLogIn }, signal })
  }

  /** The R-APDUs in hexadecimal; undefined while the card is still at it. */
  async transmit(
    lease: string,
    number: number,
    commands: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    const request = { method: 'POST', path: `leases/${lease}/transmit`, body: { number, commands }, signal } as const
    const answer = await this.#ask(this.#schemas.Responses, request)
    return 'working' in answer ? undefined : answer.responses
  }

  /** The ATR in hexadecimal; undefined while the card is still at it. */
  async reset(lease: string, number: number, signal?: AbortSignal): Promise<string | undefined> {
    const request = { method: 'POST', path: `leases/${lease}/reset`, body: { number }, signal } as const
    const answer = await this.#ask(this.#schemas.ResetDone, request)
    return 'working' in answer ? undefined : answer.atr
  }

  async giveBack(lease: string, signal: AbortSignal): Promise<void> {
    await this.#ask(undefined, { method: 'DELETE', path: `leases/${lease}`, signal })
  }

  [Symbol.dispose](): void {
    this.#connection.http[Symbol.dispose]()
  }

  async #ask<T>(schema: Schema<T> | undefined, { method, path, body, signal }: Request): Promise<T> {
    const { http, credentials } = this.#connection
    const answer = await http.send({
      method,
      path,
      maxAnswer,
      signal,
      headers: {
        ...credentials,
        Accept: 'application/json',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
    })
    const { status } = answer
    if (status === 204 && schema === undefined) return undefined as T
    const document = answer.complete ? parsed(answer.body) : undefined
    const refusal = this.#schemas.ApiError.safeParse(document)
    // That is a service's word for paths that it does not know.
    if (refusal.success && refusal.data.code !== 'NOT_FOUND')
      throw new ServiceError(refusal.data.code, status, refusal.data.message)
    const result = schema?.safeParse(document)
    if (status === 200 && result?.success) return result.data
    const { origin, pathname } = http.url
    const what = `no service that lends devices at ${origin}${pathname}`
    throw new ServiceError(
      'NOT_A_SERVICE',
      status,
      `there is ${what}: it answered HTTP ${status}; is it the right URL?`,
    )
  }
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString())
  } catch {
    return undefined
  }
}
