/**
 * Holds every import against the table of who may import whom: layers import downwards only.
 *
 * Test files may import any package; production files only those in the table, and `node:` modules only where I/O is allowed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

interface Rule {
  /** Packages of ours that may be imported, all of a lower layer. */
  readonly packages: readonly string[]
  /** Packages from the registry. */
  readonly external?: readonly string[]
  /** `node:` modules; `all` where I/O is the package's business. */
  readonly node: readonly string[] | 'all'
}

const table: Record<string, Rule> = {
  codec: { packages: [], node: [] },
  card: { packages: ['codec'], node: ['node:crypto'] },
  driver: { packages: ['card', 'codec'], external: ['koffi'], node: 'all' },
  emulator: { packages: ['card', 'codec'], external: ['koffi'], node: 'all' },
  hsm: { packages: ['driver', 'card', 'codec'], node: ['node:crypto', 'node:events'] },
  agent: { packages: ['driver', 'card', 'codec'], node: 'all' },
  server: {
    packages: ['hsm', 'driver', 'card', 'codec'],
    external: ['fastify', 'fastify-type-provider-zod', 'pino', 'zod'],
    node: 'all',
  },
  cli: {
    packages: ['server', 'agent', 'emulator', 'hsm', 'driver', 'card', 'codec'],
    external: ['commander', '@clack/prompts', '@bomb.sh/tab'],
    node: 'all',
  },
}

const root = join(import.meta.dirname, '..')
const specifiers = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g

function violations(name: string, rule: Rule): string[] {
  const found: string[] = []
  const folder = join(root, 'packages', name, 'src')
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || basename(entry.name).endsWith('.test.ts')) continue
    const file = join(entry.parentPath, entry.name)
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(specifiers)) {
      if (!allowed(rule, specifier)) found.push(`${file.slice(root.length + 1)}: imports ${specifier}`)
    }
  }
  return found
}

function allowed(rule: Rule, specifier: string): boolean {
  if (specifier.startsWith('./') || specifier.startsWith('../')) return true
  if (specifier.startsWith('node:')) return rule.node === 'all' || rule.node.includes(specifier)
  if (specifier.startsWith('@keytether/')) return rule.packages.includes(specifier.slice('@keytether/'.length))
  return rule.external?.some(name => specifier === name || specifier.startsWith(`${name}/`)) ?? false
}

const packages = readdirSync(join(root, 'packages'))
const unknown = packages.filter(name => !(name in table)).map(name => `packages/${name}: not in the table of imports`)
const order = Object.keys(table)
const upwards = order.flatMap((name, layer) =>
  table[name]!.packages.filter(below => order.indexOf(below) >= layer).map(
    below => `${name}: ${below} is not below it`,
  ),
)
const all = [...unknown, ...upwards, ...packages.flatMap(name => (table[name] ? violations(name, table[name]) : []))]
for (const line of all) console.error(line)
if (all.length > 0) process.exit(1)
console.log(`imports: ${packages.length} packages follow the table`)
