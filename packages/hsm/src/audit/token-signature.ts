/** The signature of a key of the tenant under a checkpoint: what the service has in its database is not enough to make it. */
import { createPublicKey } from 'node:crypto'
import { type NoteKey, type NoteSignature, noteKey } from '@keytether/audit'
import type { Cryptography } from '../cryptography/cryptography.ts'
import { HsmError } from '../errors.ts'
import type { Keys } from '../keys/keys.ts'
import type { Caller } from '../principals/caller.ts'

export interface TokenSignature {
  readonly key: NoteKey
  readonly signature: NoteSignature
}

/** Who reads the log does not wait longer for a token. */
const patienceMs = 5_000

/**
 * @param id of the key
 * @param origin of the log, after which the key is called
 * @returns undefined if no token with that key is there, or it may not be used any more
 */
export async function tokenSignature(
  { keys, cryptography }: { readonly keys: Keys; readonly cryptography: Cryptography },
  tenant: string,
  id: string,
  origin: string,
  text: string,
): Promise<TokenSignature | undefined> {
  try {
    const { key, tags, versions } = keys.get(auditor(tenant, []), id)
    const caller = auditor(tenant, tags)
    const which = { key: key.id, version: key.primary_version }
    const options = { algorithm: 'ECDSA_SHA256', format: 'der' } as const
    const input = { message: new TextEncoder().encode(text) }
    const signed = await cryptography.sign(caller, which, input, options, AbortSignal.timeout(patienceMs))
    const { public_key: info } = versions.find(({ version }) => version === signed.version)!
    const note = noteKey(origin, createPublicKey({ key: Buffer.from(info!), format: 'der', type: 'spki' }))
    return { key: note, signature: { name: origin, keyId: note.id, signature: signed.signature } }
  } catch (error) {
    if (error instanceof HsmError) return undefined
    throw error
  }
}

/** The service itself, for a tenant. */
function auditor(tenant: string, tags: readonly string[]): Caller {
  const login = { credential: 'none', address: '' }
  return { principal: '', name: 'the audit log', tenant, roles: ['operator'], tags, login }
}
