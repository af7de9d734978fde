/** The smallest value that a schema takes, for the pages that show it and for the tests that send it. */
import type { z } from 'zod'

type Schema = z.core.JSONSchema.JSONSchema

export function exampleOf(schema: Schema): unknown {
  if (schema.examples !== undefined) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  const [first] = schema.anyOf ?? schema.oneOf ?? []
  if (first !== undefined) return exampleOf(first as Schema)
  switch (schema.type) {
    case 'object':
      return objectOf(schema)
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => exampleOf(schema.items as Schema))
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 0)
    case 'boolean':
      return false
    case 'null':
      return null
    default:
      return textOf(schema)
  }
}

function objectOf({ properties = {}, required = [] }: Schema): Record<string, unknown> {
  return Object.fromEntries(required.map(name => [name, exampleOf(properties[name] as Schema)]))
}

/** One of these is what any pattern of the contract takes. */
const texts = ['example', 'AAAA', '2026-01-31T12:00:00.000Z', '00', '00'.repeat(16), '00'.repeat(32), '12345678', '1']

function textOf({ pattern, minLength = 0 }: Schema): string {
  const fits = (text: string) =>
    text.length >= minLength && (pattern === undefined || new RegExp(pattern, 'u').test(text))
  return texts.find(fits) ?? 'example'.padEnd(minLength, 'x')
}
