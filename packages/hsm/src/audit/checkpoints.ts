/** Checkpoints of the chains: how many records one has and the root of the tree over them, signed with the key of the service. */
import { createPublicKey, sign } from 'node:crypto'
import { chainRoot, checkpointText, formatNote, formatNoteKey, noteKey } from '@keytether/audit'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { newId } from '../store/ids.ts'
import { signingKey } from '../vault/signing-key.ts'
import type { Vault } from '../vault/vault.ts'
import { chainOf, readHead } from './heads.ts'

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

export class Checkpoints {
  readonly #foundation: Pick<Foundation, 'store'>
  readonly #vault: Vault

  constructor(foundation: Pick<Foundation, 'store'>, vault: Vault) {
    this.#foundation = foundation
    this.#vault = vault
  }

  /** Over all that is recorded now. @throws HsmError SEALED */
  async now({ tenant }: Caller): Promise<SignedCheckpoint> {
    const { store } = this.#foundation
    const chain = chainOf(tenant)
    const origin = `${await this.#service()}/${chain}`
    const privateKey = await signingKey(store, this.#vault)
    const key = noteKey(origin, createPublicKey(privateKey))
    const head = await readHead(store.db, chain)
    const text = checkpointText({ origin, size: head.size, root: chainRoot(head) })
    const signature = new Uint8Array(sign(null, Buffer.from(text), privateKey))
    const checkpoint = formatNote({ text, signatures: [{ name: origin, keyId: key.id, signature }] })
    return { origin, size: head.size, checkpoint, keys: [formatNoteKey(key)] }
  }

  /** What its logs are called after: never changed, also not with the key. */
  async #service(): Promise<string> {
    const { store } = this.#foundation
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
