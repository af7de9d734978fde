/** What a database has to bring keys back onto tokens: wrapped copies, each under the key domain of its group. */
import { KeyBlob, WrappedKeyFile } from '@keytether/card'
import { DecodeError, decode, toHex } from '@keytether/codec'
import { isExportable } from '../keys/key-type.ts'
import type { Store } from '../store/store.ts'
import type { Finding } from './finding.ts'

/** Versions that could still be used, or restored. */
async function versions({ db }: Store) {
  return db
    .selectFrom('key_versions')
    .innerJoin('keys', 'keys.id', 'key_versions.key_id')
    .innerJoin('groups', 'groups.id', 'keys.group_id')
    .select(['keys.name', 'version', 'algorithms', 'wrapped', 'key_versions.key_domain', 'groups.name as group'])
    .where('card_key_id', 'is not', null)
    .orderBy('keys.name')
    .orderBy('version')
    .execute()
}

type Version = Awaited<ReturnType<typeof versions>>[number]

const named = ({ name, version }: Version) => `${name}, version ${version}`

/** Every copy is read: whether a token takes it, only a token says. */
export async function keyCopies(store: Store): Promise<Finding> {
  const all = await versions(store)
  const broken: string[] = []
  const without: string[] = []
  let staying = 0
  for (const version of all) {
    if (version.wrapped === null) {
      if (isExportable(JSON.parse(version.algorithms)))
        without.push(`${named(version)}: there is no copy, it is lost with its tokens`)
      else staying++
      continue
    }
    const fault = faultOf(version, version.wrapped)
    if (fault !== undefined) broken.push(`${named(version)}: ${fault}`)
  }
  const copies = all.length - without.length - staying
  const words = `${copies} of ${all.length} versions of keys have a wrapped copy${staying > 0 ? `, ${staying} never leave their token` : ''}`
  if (broken.length > 0)
    return { outcome: 'failed', words: `${words}; ${broken.length} cannot be read`, details: broken }
  if (without.length > 0) return { outcome: 'incomplete', words, details: without }
  return { outcome: 'ok', words }
}

function faultOf({ key_domain: domain }: Version, wrapped: Uint8Array): string | undefined {
  try {
    const { blob } = decode(WrappedKeyFile, wrapped)
    const check = toHex(decode(KeyBlob, blob).keyCheckValue).toUpperCase()
    // Where the domain has an id of its own, as among devices that agree on a key, the check value is another thing.
    if (domain?.length === check.length && domain !== check) return `wrapped under ${check}, not under ${domain}`
    return undefined
  } catch (error) {
    if (error instanceof DecodeError) return `its copy is damaged: ${error.message}`
    throw error
  }
}

/** Whose shares are needed: of each domain, with what is lost without them. */
export async function keyDomains(store: Store): Promise<Finding> {
  const groups = await store.db.selectFrom('groups').select(['name', 'key_domain']).orderBy('name').execute()
  const all = await versions(store)
  const held = new Map<string, number>()
  for (const { wrapped, key_domain: domain } of all) {
    if (wrapped !== null && domain !== null) held.set(domain, (held.get(domain) ?? 0) + 1)
  }
  const known = new Set(groups.map(({ key_domain: domain }) => domain))
  const strangers = [...held].filter(([domain]) => !known.has(domain))
  const details = [...held].map(([domain, count]) => {
    const of = groups.filter(group => group.key_domain === domain).map(({ name }) => name)
    return `${domain}${of.length > 0 ? `, of ${of.join(', ')}` : ''}: ${count} copies`
  })
  if (strangers.length > 0) {
    return { outcome: 'incomplete', words: 'there are copies under key domains that no group has any more', details }
  }
  if (details.length === 0) return { outcome: 'ok', words: 'no copy needs the shares of a key domain' }
  return {
    outcome: 'ok',
    words: 'tokens need the shares of these key domains, which custodians have, to take the copies',
    details,
  }
}
