/** Values that many operations have. */
import { z } from 'zod'

/** For schemas: an error that says what was wanted and what came. */
export function wanted(what: string) {
  return {
    error({ input, keys }: { readonly input?: unknown; readonly keys?: unknown }) {
      const came = keys ?? input
      return `wanted ${what}, got ${came === undefined ? 'nothing' : JSON.stringify(came).slice(0, 80)}`
    },
  }
}

const nameText = wanted('a name of 1 to 128 letters, digits and . _ - that begins with a letter or digit')
/** What people call things. Where one is named, its id does as well. */
export const Name = z.string(nameText).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, nameText)

const addressText = wanted('an address or a network, as 192.0.2.7 or 2001:db8::/32')
/** Who is in one of them is meant. */
export const AddressRanges = z
  .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], addressText))
  .min(1)
  .max(64)
  .meta({ examples: [['192.0.2.0/24']] })

/** ISO 8601, UTC, with milliseconds. */
export const Time = z.iso.datetime({ precision: 3 })

/** Where a page begins, as an earlier one said. */
export const PageQuery = z.strictObject({
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})

export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item),
    /** The `cursor` of the next page; absent: this is the last one. */
    next: z.string().optional(),
  })
}

/** An error, as RFC 9457 has it. Programs decide by `code`, of which there is a closed list. */
export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  /** What was wanted, what came, and what to do. */
  detail: z.string(),
  /** Of the request, to be found in the log. */
  instance: z.string().optional(),
})
export type Problem = z.infer<typeof Problem>
