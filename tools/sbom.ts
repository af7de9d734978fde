/**
 * Prints what a release is made of, as CycloneDX: our packages, and every runtime dependency as it is locked.
 *
 * `npm sbom --omit dev` would leave out what a package needs and the repository needs for development as well.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

interface Component {
  readonly 'bom-ref': string
  readonly properties?: readonly { readonly name: string; readonly value: string }[]
}

interface Document {
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only']
const { status, stdout, stderr } = spawnSync('npm', args, {
  cwd: join(import.meta.dirname, '..'),
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
})
if (status !== 0) {
  console.error(stderr)
  process.exit(1)
}
const all = JSON.parse(stdout) as Document
const components = all.components.filter(component => !isForDevelopment(component))
const kept = new Set(components.map(component => component['bom-ref']))
const left = new Set(all.components.map(component => component['bom-ref']).filter(ref => !kept.has(ref)))
const dependencies = all.dependencies
  .filter(({ ref }) => !left.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(one => !left.has(one)) }))
console.log(JSON.stringify({ ...all, components, dependencies }, undefined, 2))

function isForDevelopment({ 'bom-ref': ref, properties = [] }: Component): boolean {
  return ref.startsWith('@keytether/test@') || properties.some(({ name }) => name === 'cdx:npm:package:development')
}
