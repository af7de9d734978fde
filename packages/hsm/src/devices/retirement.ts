/**
 * Taking a device out of use for good: it is erased, and a signed record says what was on it and what was seen when it was erased.
 * The device's own key signs nothing but requests of keys, so the service signs; what the device attested of its keys is in the record.
 */
import { createPublicKey, type KeyObject, randomInt, sign } from 'node:crypto'
import { Attestation, type TrustRoot } from '@keytether/card'
import { encode } from '@keytether/codec'
import type { SmartCardHsm } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { lockWords } from '../sessions/lock-words.ts'
import { newId } from '../store/ids.ts'
import type { Row } from '../store/tables.ts'
import { signingKey } from '../vault/signing-key.ts'
import type { Vault } from '../vault/vault.ts'
import { type Erasure, readErasure } from './erasure.ts'
import { exclusively } from './exclusive.ts'
import { ifSaid } from './facts.ts'
import { mustBe } from './life-cycle.ts'
import type { Registry } from './registry.ts'

/** `record` is JSON text, signed as it stands with Ed25519. */
export interface SignedRecord {
  readonly record: string
  /** Base64. */
  readonly signature: string
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string
}

export interface RetirementOrder {
  readonly soPin: Uint8Array
  /** Of the dry run. */
  readonly confirmation: string
}

/** What is kept of one that is not over. */
interface Begun {
  /** What was on the device, at the first attempt. */
  readonly before: Erasure
  readonly attestation?: string
}

const kind = 'retirement'

export class Retirements {
  readonly #foundation: Foundation
  readonly #registry: Registry
  readonly #vault: Vault
  readonly #roots: readonly TrustRoot[]

  constructor(foundation: Foundation, registry: Registry, vault: Vault, roots: readonly TrustRoot[]) {
    this.#foundation = foundation
    this.#registry = registry
    this.#vault = vault
    this.#roots = roots
  }

  /**
   * Erases a device, reads back that it is empty, and takes it out of use.
   *
   * @throws HsmError NOT_FOUND, NO_DEVICE, SEALED; WRONG_STATE if the device refuses, also the SO-PIN, or if there is something
   *   else on it than what the dry run has shown
   */
  async retire(caller: Caller, device: string, order: RetirementOrder, signal: AbortSignal): Promise<SignedRecord> {
    const { row } = this.#registry.device(caller, device)
    if (row.state === 'retired') throw new HsmError('WRONG_STATE', `${row.name} is retired already`)
    const key = await signingKey(this.#foundation.store, this.#vault)
    const session = await this.#registry.present(row)
    const what = `${caller.name}, who retires it,`
    return exclusively(session, { what, roots: this.#roots, signal }, async card => {
      const there = await readErasure(card)
      mustBe(there, order.confirmation)
      const { id, begun } = await this.#begin(caller, row, card, there)
      const outcome = await card.initialize({ soPin: order.soPin, userPin: randomPin() })
      if (outcome.status !== 'verified') {
        throw new HsmError('WRONG_STATE', `${row.name} was not erased: SO-PIN: ${lockWords(outcome)}`)
      }
      const after = await readErasure(card)
      const left = [...after.keys, ...after.certificates, ...after.data].length
      if (left > 0) throw new HsmError('WRONG_STATE', `${row.name} still has ${left} objects after it was initialised`)
      const signed = signedRecord(key, {
        format: 'keytether retirement',
        version: 1,
        device: { path: row.path, name: row.name, firmware: `${card.version.major}.${card.version.minor}` },
        retiredAt: new Date(this.#foundation.now()).toISOString(),
        retiredBy: { id: caller.principal, name: caller.name },
        before: withoutConfirmation(begun.before),
        erased: {
          command: 'INITIALIZE DEVICE',
          status: '9000',
          readBack: { keys: 0, certificates: 0, dataObjects: 0 },
        },
        ...(begun.attestation !== undefined && { attestation: begun.attestation }),
      })
      await this.#end(caller, row, id, signed)
      return signed
    })
  }

  /** @throws HsmError NOT_FOUND */
  async record(caller: Caller, device: string): Promise<SignedRecord> {
    const { row } = this.#registry.device(caller, device)
    const found = await this.#rows(row, 'done').executeTakeFirst()
    if (found === undefined) throw new HsmError('NOT_FOUND', `${row.name} was not retired`)
    return JSON.parse(found.data) as SignedRecord
  }

  /** What was on the device is written down before it is erased; an attempt that was interrupted has done that. */
  async #begin(
    caller: Caller,
    row: Row<'devices'>,
    card: SmartCardHsm,
    before: Erasure,
  ): Promise<{ readonly id: string; readonly begun: Begun }> {
    const former = await this.#rows(row, 'open').executeTakeFirst()
    if (former && before.words.length === 0) return { id: former.id, begun: JSON.parse(former.data) as Begun }
    const attested = before.keys.length > 0 ? await ifSaid(card.attest()) : undefined
    const begun: Begun = {
      before,
      ...(attested && { attestation: new TextDecoder().decode(encode(Attestation, attested.attestation)) }),
    }
    const { history, now } = this.#foundation
    const id = former?.id ?? newId('crm')
    await history.write(async db => {
      const data = JSON.stringify(begun)
      if (former) await db.updateTable('ceremonies').set({ data, updated_at: now() }).where('id', '=', id).execute()
      else {
        const times = { created_at: now(), updated_at: now(), revision: 1 }
        const about = { tenant_id: caller.tenant!, device_id: row.id, kind, state: 'open' as const }
        await db
          .insertInto('ceremonies')
          .values({ id, ...about, data, ...times })
          .execute()
      }
      const happened = { type: 'device.retiring', subject: row.id, actor: caller.principal }
      return { value: undefined, happened: [{ tenant: caller.tenant, ...happened, data: { erases: before.words } }] }
    })
    return { id, begun }
  }

  async #end(caller: Caller, row: Row<'devices'>, id: string, signed: SignedRecord): Promise<void> {
    await this.#registry.change(caller, row.id, {}, async db => {
      await db.deleteFrom('instances').where('device_id', '=', row.id).execute()
      await db.deleteFrom('leftovers').where('device_path', '=', row.path).execute()
      await db
        .updateTable('ceremonies')
        .set({ state: 'done', data: JSON.stringify(signed), updated_at: this.#foundation.now() })
        .where('id', '=', id)
        .execute()
      const values = { state: 'retired', group_id: null, pin: null, pin_refused: 0 } as const
      return { values, type: 'device.retired', data: { path: row.path, name: row.name } }
    })
  }

  /** Of the tenant whose the device is: it may have been another one's before. */
  #rows({ id, tenant_id }: Row<'devices'>, state: 'open' | 'done') {
    return this.#foundation.store.db
      .selectFrom('ceremonies')
      .selectAll()
      .where('device_id', '=', id)
      .where('tenant_id', '=', tenant_id)
      .where('kind', '=', kind)
      .where('state', '=', state)
      .orderBy('updated_at', 'desc')
  }
}

function signedRecord(key: KeyObject, content: object): SignedRecord {
  const record = JSON.stringify(content)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  return { record, signature: sign(null, Buffer.from(record), key).toString('base64'), publicKey }
}

function withoutConfirmation({ confirmation: _, soPin: __, ...rest }: Erasure): Partial<Erasure> {
  return rest
}

/** Nobody is told: whoever initialises the device again sets another. */
function randomPin(): Uint8Array {
  return new TextEncoder().encode(String(randomInt(10 ** 11, 10 ** 12)))
}
