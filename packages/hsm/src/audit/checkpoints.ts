/**
 * Checkpoints of the chains: how many records one has and the root of the tree over them, signed with the key of the service, and where a
 * tenant has named a key of its own, on a token.
 */
import { createPublicKey, sign } from 'node:crypto'
import { chainRoot, checkpointText, formatNote, formatNoteKey, noteKey } from '@keytether/audit'
import type { Cryptography } from '../cryptography/cryptography.ts'
import type { Foundation } from '../foundation.ts'
import type { Keys } from '../keys/keys.ts'
import type { Caller } from '../principals/caller.ts'
import { newId } from '../store/ids.ts'
import { signingKey } from '../vault/signing-key.ts'
import type { Vault } from '../vault/vault.ts'
import { chainOf, readHead, tenantOfChain } from './heads.ts'
import { type TokenSignature, tokenSignature } from './token-signature.ts'

export interface SignedCheckpoint {
  /** The name of the log, which no other has. */
  readonly origin: string
  readonly size: number
  /** A signed note. */
  readonly checkpoint: string
  /** With which it is verified, each in one line. */
  readonly keys: readonly string[]
}

const setting = 'audit-origin'

interface Parts extends Pick<Foundation, 'store' | 'history' | 'now'> {
  readonly vault: Vault
  readonly keys: Keys
  readonly cryptography: Cryptography
}

export class Checkpoints {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Over all that is recorded now. @throws HsmError SEALED */
  now({ tenant }: Pick<Caller, 'tenant'>): Promise<SignedCheckpoint> {
    return this.#sign(chainOf(tenant))
  }

  /**
   * Where more was recorded than that one was made: as this is.
   *
   * @throws HsmError SEALED
   */
  async keep(chain: string): Promise<void> {
    const { store, history, now } = this.#parts
    const { latest } = await store.db
      .selectFrom('audit_checkpoints')
      .select(({ fn }) => fn.max('size').as('latest'))
      .where('chain', '=', chain)
      .executeTakeFirstOrThrow()
    const { size: before } = await readHead(store.db, chain)
    if (before <= (latest ?? -1) + 1) return
    const { size, checkpoint: note, keys } = await this.#sign(chain)
    await history.write(async db => {
      const row = { chain, size, at: now(), note }
      await db
        .insertInto('audit_checkpoints')
        .values(row)
        .onConflict(conflict => conflict.columns(['chain', 'size']).doUpdateSet(row))
        .execute()
      const happened = { tenant: tenantOfChain(chain), type: 'audit.checkpoint', subject: chain }
      return { value: undefined, happened: [{ ...happened, data: { size, signatures: keys.length } }] }
    })
  }

  async #sign(chain: string): Promise<SignedCheckpoint> {
    const { store, vault } = this.#parts
    const origin = `${await this.#service()}/${chain}`
    const privateKey = await signingKey(store, vault)
    const key = noteKey(origin, createPublicKey(privateKey))
    const head = await readHead(store.db, chain)
    const text = checkpointText({ origin, size: head.size, root: chainRoot(head) })
    const signature = new Uint8Array(sign(null, Buffer.from(text), privateKey))
    const own = { key, signature: { name: origin, keyId: key.id, signature } }
    const token = await this.#onToken(chain, origin, text)
    const all = token === undefined ? [own] : [own, token]
    const checkpoint = formatNote({ text, signatures: all.map(one => one.signature) })
    return { origin, size: head.size, checkpoint, keys: all.map(one => formatNoteKey(one.key)) }
  }

  async #onToken(chain: string, origin: string, text: string): Promise<TokenSignature | undefined> {
    const { store, keys, cryptography } = this.#parts
    const tenant = tenantOfChain(chain)
    if (tenant === null) return undefined
    const row = await store.db
      .selectFrom('audit_chains')
      .select('checkpoint_key')
      .where('chain', '=', chain)
      .executeTakeFirst()
    const id = row?.checkpoint_key ?? undefined
    return id === undefined ? undefined : tokenSignature({ keys, cryptography }, tenant, id, origin, text)
  }

  /** What its logs are called after: never changed, also not with the key. */
  async #service(): Promise<string> {
    const { store } = this.#parts
    const find = () => store.db.selectFrom('settings').select('value').where('name', '=', setting).executeTakeFirst()
    const found = await find()
    if (found !== undefined) return found.value
    await store.write(db =>
      db
        .insertInto('settings')
        .values({ name: setting, value: `keytether/${newId('log')}` })
        .onConflict(conflict => conflict.column('name').doNothing())
        .execute(),
    )
    return (await find())!.value
  }
}
