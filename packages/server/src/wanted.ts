/** For schemas of bodies: an error that says what came, too. */
export function wanted(what: string) {
  return {
    error({ input, keys }: { readonly input?: unknown; readonly keys?: unknown }) {
      const came = keys ?? input
      return `wanted ${what}, got ${came === undefined ? 'nothing' : JSON.stringify(came).slice(0, 80)}`
    },
  }
}
