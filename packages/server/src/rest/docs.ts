/** The contract, for programs as an OpenAPI document, and for people as a page that tries it out. No secret: everybody may read it. */
import { readFile } from 'node:fs/promises'
import { openApiDocument, problems } from '@keytether/api'
import type { FastifyPluginAsync } from 'fastify'
import { version } from '../version.ts'

/** Nothing but what this service serves, and nothing in the page itself is run. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Keytether: the REST API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<script src="docs/swagger-ui-bundle.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body><div id="api"></div></body>
</html>
`

const start = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  validatorUrl: null,
})
`

const html = 'text/html; charset=utf-8'
const css = 'text/css; charset=utf-8'
const javascript = 'text/javascript; charset=utf-8'

export const docs: FastifyPluginAsync = async app => {
  let document: unknown
  app.get('/openapi.json', () => {
    document ??= openApiDocument(version)
    return document
  })
  app.get('/docs', (_, reply) => reply.header('Content-Security-Policy', policy).type(html).send(page))
  app.get('/docs/start.js', (_, reply) => reply.type(javascript).send(start))
  for (const [name, type, place] of [
    ['swagger-ui.css', css, import.meta.resolve('@fastify/swagger-ui/static/swagger-ui.css')],
    ['swagger-ui-bundle.js', javascript, import.meta.resolve('@fastify/swagger-ui/static/swagger-ui-bundle.js')],
  ] as const) {
    const file = new URL(place)
    // It is of the version that is installed here: as long as a browser has it, it need not ask.
    const kept = 'public, max-age=86400'
    app.get(`/docs/${name}`, async (_, reply) =>
      reply
        .header('Cache-Control', kept)
        .type(type)
        .send(await readFile(file)),
    )
  }
  for (const [code, { status, title }] of Object.entries(problems)) {
    app.get(`/problems/${code}`, () => ({ code, status, title }))
  }
}
