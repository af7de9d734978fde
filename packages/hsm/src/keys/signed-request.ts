/** Certification requests, signed by a member that holds the key. */
import { HsmError } from '../errors.ts'
import { currentRequest } from '../requests/context.ts'
import type { Pools } from '../scheduler/pools.ts'
import { certificationRequest, type RequestContent } from './pkcs10.ts'
import type { UsableKey } from './usable.ts'

export interface RequestWishes extends RequestContent {
  /** Of RSA keys; default PKCS #1. */
  readonly pss?: boolean | undefined
}

interface Signer extends UsableKey {
  /** Asked when its turn has come; throws if it is not. */
  stillUsable(): void
}

/** @throws HsmError INVALID: an AES key; as `Pool.run` */
export async function signedRequest(
  pools: Pools,
  { key, version, instances, stillUsable }: Signer,
  { pss, ...content }: RequestWishes,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (key.kind === 'AES')
    throw new HsmError('INVALID', `key ${key.name} is an AES key, which has no public key to certify`)
  const scheme = key.kind === 'EC' ? 'ECDSA' : pss ? 'RSA_PSS' : 'RSA_PKCS1'
  const kind = `sign ${key.kind} ${key.parameter}`
  const asked = performance.now()
  const sign = (hash: Uint8Array) =>
    pools.of(key.group_id).run(
      {
        ...{ kind, on: new Set(instances.keys()), repeatable: true, single: true },
        run: async (card, { id }) => {
          stillUsable()
          const began = performance.now()
          const signed = await card.signHash(instances.get(id!)!, scheme, hash)
          const times = { waitedMs: began - asked, workedMs: performance.now() - began }
          const used = { key: key.id, keyName: key.name, version: version.version, device: id! }
          currentRequest()?.uses.push({ verb: 'sign', ...used, ...times })
          return signed
        },
      },
      signal,
    )
  return certificationRequest(content, new Uint8Array(version.public_key!), scheme, sign)
}
