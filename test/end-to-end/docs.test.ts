/** What the documentation says of the repository is held against the repository. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { importTable } from '../../tools/import-table.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = globSync(['*.md', 'docs/**/*.md', 'test/**/*.md', 'packages/**/*.md'], {
  cwd: root,
  exclude: ['**/node_modules/**'],
})

interface Manifest {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  scripts?: Record<string, string>
}

const manifest = (path: string) => JSON.parse(read(path)) as Manifest

/** The cells of every table row of a page, without the code marks. */
function rows(page: string): string[][] {
  return read(page)
    .split('\n')
    .filter(line => line.startsWith('|') && !line.startsWith('|---'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
}

const names = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1]!)

test('docs/dependencies.md lists each runtime dependency with who imports it', () => {
  const listed = new Map<string, string>()
  for (const [packages = '', importers = ''] of rows('docs/dependencies.md').slice(1)) {
    for (const name of names(packages)) listed.set(name, importers)
  }
  const actual = new Map<string, string>()
  for (const name of Object.keys(importTable)) {
    for (const dependency of Object.keys(manifest(`packages/${name}/package.json`).dependencies ?? {})) {
      if (dependency.startsWith('@keytether/')) continue
      actual.set(dependency, actual.has(dependency) ? `${actual.get(dependency)}, ${name}` : name)
    }
  }
  for (const name of Object.keys(manifest('package.json').optionalDependencies ?? {})) actual.set(name, 'npm scripts')
  assert.deepEqual(Object.fromEntries([...listed].sort()), Object.fromEntries([...actual].sort()))
})

test('ARCHITECTURE.md prints the table of imports', () => {
  const printed = rows('ARCHITECTURE.md')
    .filter(([first = '']) => /^`packages\/\w+`$/.test(first))
    .map(([first = '', , imports = '']) => [first.slice('`packages/'.length, -1), names(imports)])
  const table = Object.entries(importTable).map(([name, rule]) => [name, [...rule.packages, ...(rule.external ?? [])]])
  assert.deepEqual(printed, table)
})

test('package manifests name what the table of imports allows', () => {
  for (const [name, rule] of Object.entries(importTable)) {
    const allowed = [...rule.packages.map(below => `@keytether/${below}`), ...(rule.external ?? [])].sort()
    const named = Object.keys(manifest(`packages/${name}/package.json`).dependencies ?? {}).sort()
    assert.deepEqual(named, allowed, `packages/${name}`)
  }
})

test('links between pages lead somewhere', () => {
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(root, dirname(page), target)), `${page}: ${target}`)
    }
  }
})

test('files and folders that pages name exist', () => {
  for (const page of pages) {
    for (const [, path = ''] of read(page).matchAll(/`((?:packages|test|tools|docs|bench)\/[\w./-]+)`/g)) {
      assert.ok(existsSync(join(root, path)), `${page}: ${path}`)
    }
  }
})

test('npm scripts that pages name exist', () => {
  const scripts = manifest('package.json').scripts ?? {}
  for (const page of pages) {
    for (const [, script = ''] of read(page).matchAll(/npm run ([a-z-]+)/g))
      assert.ok(script in scripts, `${page}: ${script}`)
  }
})

test('SECURITY.md names a test for each promise, and for what stands against each threat', () => {
  const all = rows('SECURITY.md')
  const heads = all.filter(cells => cells.at(-1) === 'test')
  const promises = all.filter(cells => !heads.includes(cells))
  assert.ok(heads.length > 5 && promises.length > 60)
  for (const cells of promises) {
    const proofs = names(cells.at(-1)!)
    assert.ok(proofs.length > 0, cells.join())
    for (const file of proofs) assert.match(read(file), /\btest\(/, file)
  }
})
