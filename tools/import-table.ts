/** Who may import whom: layers import downwards only. ARCHITECTURE.md prints this table, and a test compares the two. */

export interface Rule {
  /** Packages of ours that may be imported, all of a lower layer. */
  readonly packages: readonly string[]
  /** Packages from the registry. */
  readonly external?: readonly string[]
  /** `node:` modules; `all` where I/O is the package's business. */
  readonly node: readonly string[] | 'all'
}

export const importTable: Record<string, Rule> = {
  codec: { packages: [], node: [] },
  card: { packages: ['codec'], node: ['node:crypto'] },
  api: { packages: [], external: ['zod'], node: [] },
  envelope: { packages: ['codec'], node: ['node:crypto'] },
  audit: { packages: ['codec'], node: ['node:crypto'] },
  custody: {
    packages: ['card', 'codec'],
    external: ['@scure/bip39', 'qr'],
    node: ['node:crypto', 'node:worker_threads'],
  },
  driver: { packages: ['card', 'codec'], external: ['koffi'], node: 'all' },
  emulator: { packages: ['card', 'codec'], external: ['koffi'], node: 'all' },
  hsm: {
    packages: ['driver', 'envelope', 'audit', 'card', 'codec'],
    external: ['kysely', 'pg'],
    node: [
      'node:async_hooks',
      'node:crypto',
      'node:events',
      'node:fs',
      // Arithmetic of addresses alone.
      'node:net',
      'node:path',
      'node:sqlite',
      'node:timers/promises',
      'node:util',
    ],
  },
  agent: { packages: ['driver', 'card', 'codec'], external: ['ws'], node: 'all' },
  server: {
    packages: ['hsm', 'api', 'card', 'codec'],
    external: [
      '@fastify/swagger-ui',
      '@opentelemetry/api',
      '@opentelemetry/core',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
      '@simplewebauthn/server',
      'fastify',
      'fastify-type-provider-zod',
      'jose',
      'pino',
      'prom-client',
      'ws',
      'zod',
    ],
    node: 'all',
  },
  cli: {
    packages: ['server', 'agent', 'emulator', 'hsm', 'api', 'driver', 'envelope', 'audit', 'custody', 'card', 'codec'],
    external: ['commander', '@clack/prompts', '@bomb.sh/tab'],
    node: 'all',
  },
}
