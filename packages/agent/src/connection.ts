/** POST after POST to one URL, with the cookies of the server: HTTP as far as a card side needs it. */
import type { KeyObject } from 'node:crypto'
import { agentProof, makeAgentProof } from '@keytether/card'
import { CookieJar } from './cookies.ts'
import { type HttpAnswer, HttpClient, type HttpOptions } from './http.ts'

/** A template of 65,535 bytes, and some more so that it can be refused for what it is. */
const maxAnswer = 70_000

export interface ConnectionOptions extends HttpOptions {
  /** Ed25519, private: shows which agent this is. */
  readonly key?: KeyObject
}

export class Connection implements Disposable {
  readonly http: HttpClient
  readonly #key: KeyObject | undefined
  readonly #cookies: CookieJar

  /** @throws SessionError `URL` or `SCHEME` */
  constructor({ key, ...options }: ConnectionOptions) {
    this.http = new HttpClient(options)
    this.#key = key
    this.#cookies = new CookieJar(this.http.url)
  }

  /** What a request says that begins a session. Each proof is good for one. */
  get introduction(): Readonly<Record<string, string>> {
    return this.#key === undefined ? {} : { [agentProof.header]: makeAgentProof(this.#key, this.http.url, Date.now()) }
  }

  /** Sends the first body of a session. */
  begin(body: Uint8Array, signal?: AbortSignal): Promise<HttpAnswer> {
    return this.#post(body, this.introduction, signal)
  }

  /** Sends a body and waits for the answer: for long, since the server answers when it has something to do for us. */
  post(body: Uint8Array, signal?: AbortSignal): Promise<HttpAnswer> {
    return this.#post(body, {}, signal)
  }

  [Symbol.dispose](): void {
    this.http[Symbol.dispose]()
  }

  async #post(body: Uint8Array, more: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<HttpAnswer> {
    const headers = { ...this.#headers(), ...more }
    // A server that has seen it before tells by the cookie.
    const answer = await this.http.send({ method: 'POST', headers, body, maxAnswer, signal })
    this.#cookies.store(answer.headers['set-cookie'])
    return answer
  }

  #headers(): Record<string, string> {
    const cookie = this.#cookies.header
    return {
      ...(cookie !== undefined && { Cookie: cookie }),
      'Content-Type': 'application/org.openscdp-content-mgt-response;version=1.0',
      Accept: '*/*',
      'X-Admin-Protocol': 'openscdp-remote-admin/1.0',
    }
  }
}
