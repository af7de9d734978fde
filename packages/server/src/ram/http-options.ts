/** Options for whoever creates the HTTP server that the endpoint's requests come through. */
import type { ServerOptions } from 'node:http'

export const ramServerOptions = {
  /** Longer than a request is held, and than most cards compute between two requests. */
  keepAliveTimeout: 75_000,
  headersTimeout: 30_000,
  /** For receiving a request; how long it is then held does not count. */
  requestTimeout: 60_000,
  noDelay: true,
} as const satisfies ServerOptions
