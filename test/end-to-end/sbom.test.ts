/** `npm run sbom` lists what a release is made of, and nothing of it has a weakness that the registry knows. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const npm = (...args: string[]) => spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })

interface Component {
  readonly 'bom-ref': string
  readonly purl: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
}

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly dev?: true
  readonly link?: true
}

test('a CycloneDX document with every runtime dependency as it is locked, and none for development', () => {
  const { stdout, stderr } = npm('run', '--silent', 'sbom')
  assert.ok(stdout.startsWith('{'), stderr)
  const { bomFormat, specVersion, components, dependencies } = JSON.parse(stdout)
  assert.deepEqual([bomFormat, specVersion], ['CycloneDX', '1.5'])
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const locked = new Map<string, string>()
  for (const [path, { version, integrity, dev, link }] of Object.entries(packages)) {
    const name =
      path.split('node_modules/')[1] === undefined ? undefined : path.slice(path.lastIndexOf('node_modules/') + 13)
    if (name !== undefined && !dev && !link) locked.set(`${name}@${version}`, integrity!)
  }
  assert.ok(locked.size > 50)
  const listed = new Map<string, string | undefined>()
  for (const component of components as readonly Component[]) {
    const [hash] = component.hashes ?? []
    assert.ok(component.purl.startsWith('pkg:npm/'), component.purl)
    if (hash !== undefined)
      listed.set(component['bom-ref'], `sha512-${Buffer.from(hash.content, 'hex').toString('base64')}`)
  }
  assert.deepEqual(Object.fromEntries([...listed].sort()), Object.fromEntries([...locked].sort()))
  const refs = new Set([
    'keytether@0.1.0',
    ...(components as readonly Component[]).map(component => component['bom-ref']),
  ])
  for (const { ref, dependsOn } of dependencies as readonly { ref: string; dependsOn: readonly string[] }[]) {
    for (const one of [ref, ...dependsOn]) assert.ok(refs.has(one), one)
  }
})

test('npm audit knows no weakness of a runtime dependency', t => {
  const { stdout } = npm('audit', '--omit', 'dev', '--json')
  const { metadata } = JSON.parse(stdout)
  // Mirrors of the registry have no list of weaknesses: `npm audit` then ends with an error, and this says nothing.
  if (metadata === undefined) return t.diagnostic('the registry does not answer npm audit')
  assert.equal(metadata.vulnerabilities.total, 0, stdout)
})
