/**
 * Holds every import against the table of who may import whom: layers import downwards only.
 *
 * Test files may import any package; production files only those in the table, and `node:` modules only where I/O is allowed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Rule, importTable as table } from './import-table.ts'

const root = join(import.meta.dirname, '..')
/** Not the word in quotes: a command may be called so. */
const specifiers = /(?:\bfrom|(?<!')\bimport)\s*\(?\s*'([^']+)'/g

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
  if (specifier.startsWith('@keytether/')) return rule.packages.includes(specifier.split('/')[1]!)
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
