/**
 * The contract as OpenAPI describes interfaces. What OpenAPI has no word for is in `x-roles`, `x-state`, `x-rate` and
 * `x-idempotent`.
 *
 * @see OpenAPI 3.1
 */
import { z } from 'zod'
import { cryptographyStreams, type StreamOperation } from '../cryptography.ts'
import type { Operation } from '../operation.ts'
import { operations } from '../operations.ts'
import { type ProblemCode, problems } from '../problems.ts'
import type { Role } from '../roles.ts'
import { Problem } from '../values.ts'
import { chapterOf, chapters } from './chapters.ts'
import { exampleOf } from './example.ts'

type Json = Readonly<Record<string, unknown>>

const description = `A cloud HSM made of SmartCard-HSM tokens, wherever they are plugged in.

- Who asks says so by a bearer token or a client certificate: *Authorize* takes the token.
- Where something has a name and an id, paths take either. Bytes are base64, times ISO 8601 in UTC.
- Errors are \`application/problem+json\`, told apart by \`code\`; \`detail\` says what was wanted, what came and what to do.
- Lists have pages: \`cursor\` takes what \`next\` said.
- With an \`Idempotency-Key\`, what is sent twice is done once.
`

/** @param version of the service */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  const place = (path: string, method: string, described: Json) => {
    paths[path] ??= {}
    paths[path][method.toLowerCase()] = described
  }
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    place(operation.path, operation.method, operationObject(name, operation))
  }
  for (const [name, operation] of Object.entries<StreamOperation>(cryptographyStreams)) {
    place(operation.path, 'POST', streamObject(name, operation))
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Keytether',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/v1' }],
    security: [{ bearer: [] }, { certificate: [] }],
    tags: chapters.map(({ name, description }) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        certificate: { type: 'mutualTLS' },
      },
      schemas: { Problem: jsonSchema(Problem, 'output') },
    },
  }
}

function operationObject(name: string, operation: Operation): Json {
  const { method, summary, description, roles, open, rate, state, idempotent, query, body } = operation
  return {
    operationId: name,
    summary,
    description: [description, open ? 'For everybody: it is a way in.' : whoMay(roles)].filter(Boolean).join('\n\n'),
    ...(open && { security: [] }),
    tags: [chapterOf(name)],
    'x-roles': roles,
    'x-rate': rate,
    ...(state && { 'x-state': state }),
    ...(idempotent && { 'x-idempotent': true }),
    parameters: [...pathParameters(operation.path), ...queryParameters(query), ...headerParameters(operation)],
    ...(body && { requestBody: { required: true, content: { 'application/json': inJson(body, 'input') } } }),
    responses: { ...success(operation), ...refusals(operation, method !== 'GET') },
  }
}

function streamObject(name: string, { path, summary, roles, rate, query }: StreamOperation): Json {
  const content = { 'application/octet-stream': {} }
  return {
    operationId: name,
    summary,
    description: whoMay(roles),
    tags: [chapterOf(name)],
    'x-roles': roles,
    'x-rate': rate,
    parameters: queryParameters(query),
    requestBody: { required: true, content },
    responses: { 200: { description: 'Done', content }, ...refusals({ path, rate, roles }, true) },
  }
}

/** In the text as well: pages show no `x-roles`. */
function whoMay(roles: readonly Role[]): string {
  return roles.length === 0 ? 'For everybody who is known here.' : `Takes the role ${roles.join(' or ')}.`
}

function pathParameters(path: string): Json[] {
  const schema = { type: 'string' }
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const description = parameters[name!] ?? `Name or id of the ${name}`
    return { name, in: 'path', required: true, description, schema }
  })
}

const parameters: Readonly<Record<string, string>> = {
  device: 'Name, id or certified path of the device, or the last part of that',
  version: 'Number of the version',
  ceremony: 'Id of the ceremony',
}

function queryParameters(query: z.ZodType | undefined): Json[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = jsonSchema(query, 'input')
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function headerParameters({ method, idempotent, revised, followed }: Operation): Json[] {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  })
  return [
    ...(idempotent
      ? [header('Idempotency-Key', 'Sent again with the same key, it is answered again and not done again')]
      : []),
    ...(revised && method !== 'GET' && method !== 'POST' ? [header('If-Match', 'The ETag that it is to have')] : []),
    ...(followed ? [header('Last-Event-ID', 'Of an event stream: go on after this one')] : []),
  ]
}

function success({ answer, status = 200, revised, followed, progress }: Operation): Json {
  if (answer === undefined) return { 204: { description: 'Done' } }
  const streamed = followed ?? progress
  const content = {
    'application/json': inJson(answer, 'output'),
    ...(streamed && { 'text/event-stream': { schema: jsonSchema(streamed, 'output') } }),
  }
  const headers = { ETag: { schema: { type: 'string' } } }
  return { [status]: { description: 'Done', ...(revised && { headers }), content } }
}

function refusals(
  {
    path,
    rate,
    roles,
    state,
    idempotent,
    revised,
  }: Pick<Operation, 'path' | 'rate' | 'roles' | 'state' | 'idempotent' | 'revised'>,
  writes: boolean,
): Json {
  const statuses = new Set([
    400,
    401,
    ...(roles.length > 0 ? [403] : []),
    ...(path.includes('{') ? [404] : []),
    ...(writes ? [409, 413, 415] : []),
    ...(revised && writes ? [412] : []),
    ...(idempotent ? [422] : []),
    429,
    ...(rate === 'use' || rate === 'slow' || state === 'unsealed' ? [503, 504] : []),
  ])
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  const described = [...statuses].map(status => [status, { description: codesOf(status).join(', '), content }])
  return { ...Object.fromEntries(described), default: { description: 'Any other problem', content } }
}

function codesOf(status: number): string[] {
  return Object.keys(problems).filter(code => problems[code as ProblemCode].status === status)
}

function inJson(type: z.ZodType, io: 'input' | 'output'): Json {
  const schema = jsonSchema(type, io)
  return { schema, ...(io === 'input' && { example: exampleOf(schema) }) }
}

export function jsonSchema(type: z.ZodType, io: 'input' | 'output'): z.core.JSONSchema.JSONSchema {
  const { $schema, ...schema } = z.toJSONSchema(type, { io }) as z.core.JSONSchema.JSONSchema
  return schema
}
