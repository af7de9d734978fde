/** What the demonstration has at its service: both tokens in one group, and keys on both. Made over the REST API, as anybody does. */
import type { Client } from '@keytether/api'
import type { Service } from '@keytether/server'

export interface DemoKeys {
  /** Names of the keys that were made now. */
  readonly made: readonly string[]
}

const group = 'demo'
const wanted = [
  { name: 'demo-ec', kind: 'EC', curve: 'secp256r1' },
  { name: 'demo-rsa', kind: 'RSA', bits: 2048 },
  { name: 'demo-aes', kind: 'AES', bits: 256 },
] as const

/**
 * What is there already stays as it is.
 *
 * @param paths of the tokens
 */
export async function makeGroupAndKeys(
  { url }: Service,
  token: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<DemoKeys> {
  const { createClient, fetchTransport } = await import('@keytether/api')
  const client: Client = createClient({ send: fetchTransport(url, token) })
  const groups = await client.listGroups({ signal })
  const known = groups.items.find(({ name }) => name === group)
  if (known === undefined) await client.createGroup({ body: { name: group }, signal })
  const { items: devices } = await client.listDevices({ signal })
  const outside = devices.filter(({ path, name }) => paths.includes(path) && !known?.members.includes(name))
  for (const { id } of outside) await client.joinGroup({ params: { group, device: id }, body: {}, signal })
  const { items: keys } = await client.listKeys({ signal })
  const missing = wanted.filter(({ name }) => !keys.some(key => key.name === name))
  for (const key of missing) await client.createKey({ body: { ...key, group, durability: paths.length }, signal })
  return { made: missing.map(({ name }) => name) }
}
