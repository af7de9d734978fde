/** A client of the REST API that asks for a signature, and as little else as can be. */
import { type Agent, request } from 'node:http'

/** @param path as `/v1/keys/web/sign` */
export function signRequest(agent: Agent, port: number, path: string, body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const headers = { authorization: 'Bearer any', 'content-type': 'application/json', 'content-length': body.length }
  const outgoing = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, response => {
    response.resume()
    response.once('end', () => {
      if (response.statusCode === 200) resolve()
      else reject(new Error(`the signature was refused: HTTP ${response.statusCode}`))
    })
  })
  outgoing.once('error', reject)
  outgoing.end(body)
  return promise
}
