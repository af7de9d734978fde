/** Times in the form of the API. */

/** @param at milliseconds */
export function isoTime(at: number): string {
  return new Date(at).toISOString()
}

/** A member of an answer that is absent where there is no such time. */
export function maybeTime<N extends string>(name: N, at: number | null): { [K in N]?: string } {
  return (at === null ? {} : { [name]: isoTime(at) }) as { [K in N]?: string }
}
