/** POST after POST to one URL, with the cookies of the server: HTTP as far as a card side needs it. */
import { CookieJar } from './cookies.ts'
import { type HttpAnswer, HttpClient, type HttpOptions } from './http.ts'

/** A template of 65,535 bytes, and some more so that it can be refused for what it is. */
const maxAnswer = 70_000

export class Connection implements Disposable {
  readonly http: HttpClient
  readonly #cookies: CookieJar

  /** @throws SessionError `URL` or `SCHEME` */
  constructor(options: HttpOptions) {
    this.http = new HttpClient(options)
    this.#cookies = new CookieJar(this.http.url)
  }

  /** Sends a body and waits for the answer: for long, since the server answers when it has something to do for us. */
  async post(body: Uint8Array, signal?: AbortSignal): Promise<HttpAnswer> {
    // A server that has seen it before tells by the cookie.
    const answer = await this.http.send({ method: 'POST', headers: this.#headers(), body, maxAnswer, signal })
    this.#cookies.store(answer.headers['set-cookie'])
    return answer
  }

  [Symbol.dispose](): void {
    this.http[Symbol.dispose]()
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
