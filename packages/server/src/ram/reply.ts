/** Answers on the wire. */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** How a session or a request ends. The text is for whoever looks at the connection; stock clients do not show it. */
export interface Refusal {
  readonly status: 204 | 400 | 403 | 404 | 405 | 409 | 413 | 503 | 504
  readonly text: string
}

const contentType = 'application/org.openscdp-content-mgt-request;version=1.0'

/** Some clients find the end of the body by Content-Length only, so there always is one. */
export function replyTemplate(response: ServerResponse, template: Uint8Array, cookie: string): void {
  response.writeHead(200, {
    'Content-Type': contentType,
    'Content-Length': template.length,
    'Cache-Control': 'no-store',
    'Set-Cookie': cookie,
  })
  response.end(template)
}

const extraHeaders: Partial<Record<Refusal['status'], Record<string, string>>> = {
  405: { Allow: 'POST' },
  // What is left of the body is not read.
  413: { Connection: 'close' },
  503: { 'Retry-After': '2', Connection: 'close' },
}

export function replyRefusal(response: ServerResponse, { status, text }: Refusal): void {
  if (response.headersSent) return
  const headers = { 'Cache-Control': 'no-store', ...extraHeaders[status] }
  if (status === 204) {
    response.writeHead(204, headers).end()
    return
  }
  const body = Buffer.from(`${text}\n`)
  response
    .writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length })
    .end(body)
}

/** To who asked for a WebSocket: clients go on over HTTP, where they hear the same. */
export function refuseUpgrade(stream: Duplex, { status, text }: Refusal): void {
  const body = `${text}\n`
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  stream.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => stream.destroy())
}
