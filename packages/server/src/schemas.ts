/** What the schemas of all APIs have in common. */
import { z } from 'zod'

/** What any route may answer instead. */
export const ApiError = z.strictObject({ code: z.string(), message: z.string() })

/** For schemas of bodies: an error that says what came, too. */
export function wanted(what: string) {
  return {
    error({ input, keys }: { readonly input?: unknown; readonly keys?: unknown }) {
      const came = keys ?? input
      return `wanted ${what}, got ${came === undefined ? 'nothing' : JSON.stringify(came).slice(0, 80)}`
    },
  }
}
