/** The page where people sign in. It has nothing of its own but what it asks the REST API for. */
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsync } from 'fastify'

/** Nothing but what this service serves, and nothing in the page itself is run. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const files = [
  ['/sign-in', 'sign-in.html', 'text/html; charset=utf-8'],
  ['/sign-in/sign-in.css', 'sign-in.css', 'text/css; charset=utf-8'],
  ['/sign-in/sign-in.js', 'sign-in.js', 'text/javascript; charset=utf-8'],
] as const

export const signInPage: FastifyPluginAsync = async app => {
  for (const [path, name, type] of files) {
    app.get(path, async (_, reply) =>
      reply
        .header('Content-Security-Policy', policy)
        .type(type)
        .send(await readFile(new URL(name, import.meta.url))),
    )
  }
}
