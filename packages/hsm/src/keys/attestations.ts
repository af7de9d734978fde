/** The word of devices for keys that they have made. */
import { Attestation, Certificate, type ToldByCard } from '@keytether/card'
import { decode } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { CataloguedKey, VersionRow } from './catalogue.ts'

/** @throws HsmError NOT_FOUND: there is no such word, or the version was made elsewhere */
export async function attestationOf(
  store: Store,
  { key }: CataloguedKey,
  { id, version }: VersionRow,
): Promise<Uint8Array> {
  const { attestation } = await store.db
    .selectFrom('key_versions')
    .select('attestation')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  if (attestation !== null) return new Uint8Array(attestation)
  const why = key.kind === 'AES' ? 'devices vouch for key pairs only' : 'no device has made it for this service'
  throw new HsmError('NOT_FOUND', `there is no attestation of version ${version} of key ${key.name}: ${why}`)
}

/** What an attestation of one key says: which device has made it, and what that told of it. */
export function attested(bytes: Uint8Array): { readonly device: string; readonly told: ToldByCard } {
  const { deviceCertificates, keys } = decode(Attestation, bytes)
  const [device, issuer] = deviceCertificates.map(each => decode(Certificate, each, { lengths: 'any' }).body.value)
  const names = [issuer!.authorityReference ?? '', issuer!.holderReference, device!.holderReference]
  // Without the sequence numbers.
  return { device: names.map(name => name.slice(0, -5)).join('.'), told: keys[0]!.told }
}
