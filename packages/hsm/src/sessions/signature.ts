/** Signatures of hashes, as an operation of whichever device has the key. */
import type { SignatureScheme } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import { currentRequest, type KeyUseRecord } from '../requests/context.ts'
import type { Operation } from '../scheduler/operation.ts'
import type { Key } from './key-instances.ts'

/** What is used, by the name that it has here. */
export type NamedVersion = Pick<KeyUseRecord, 'key' | 'keyName' | 'version'>

const hashLengths = [20, 28, 32, 48, 64]

/** @throws HsmError WRONG_SCHEME */
export function mustFit(key: Key, scheme: SignatureScheme, hash: Uint8Array): void {
  const { kind } = key.instances[0].info
  const wanted = kind === 'EC' ? 'ECDSA' : kind === 'RSA' ? 'RSA_PKCS1 or RSA_PSS' : 'no signature'
  if (kind === 'AES' || (scheme === 'ECDSA') !== (kind === 'EC')) {
    throw new HsmError('WRONG_SCHEME', `key ${key.id} is of type ${kind}, which makes ${wanted}, not ${scheme}`)
  }
  if (!hashLengths.includes(hash.length)) {
    throw new HsmError('WRONG_SCHEME', `wanted a hash of ${hashLengths.join(', ')} bytes, got ${hash.length}`)
  }
}

export function signature(
  key: Key,
  scheme: SignatureScheme,
  hash: Uint8Array,
  mustBeUsable: (key: Key) => NamedVersion | undefined,
): Operation<Uint8Array> {
  const asked = performance.now()
  const infos = new Map(key.instances.map(({ device, info }) => [device.id!, info]))
  const { kind, curve, bits } = key.instances[0].info
  return {
    kind: `sign ${kind} ${curve ?? bits}`,
    key: key.id,
    on: new Set(infos.keys()),
    repeatable: true,
    single: true,
    async run(card, { id }) {
      // It may have waited for long.
      const named = mustBeUsable(key)
      const info = infos.get(id!)!
      const began = performance.now()
      const signed = await card.signHash(info, scheme, hash)
      const times = { waitedMs: began - asked, workedMs: performance.now() - began }
      const called = named ?? { key: key.id, keyName: info.label, version: 0 }
      currentRequest()?.uses.push({ verb: 'sign', ...called, device: id!, ...times })
      return signed
    },
  }
}
