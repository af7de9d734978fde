/** That a key on a card is the one that it is to be: it is used, and what comes of it is looked at. */
import { publicKeyOf } from '@keytether/card'
import { equal } from '@keytether/codec'
import type { KeyUse } from '../prove.ts'
import type { SmartCardHsm } from '../smart-card-hsm.ts'
import type { KeyInfo } from '../types.ts'
import { answerOf } from './answer.ts'
import type { StoredKey } from './content.ts'

/** It was verified with the public key, or the answer was that of the key on the other token. */
export type Proof = 'publicKey' | 'answer'

export type Proving =
  | { readonly status: 'proven'; readonly by: Proof }
  /** What comes of it is wrong. */
  | { readonly status: 'another' }
  | { readonly status: 'unproven'; readonly reason: string }

/**
 * Uses the key once, unless its uses are counted. After log-in.
 *
 * @param info the key as it is on this card
 * @param use of a private key; default: whichever it is allowed
 * @throws DriverError if the card refuses to use it
 */
export async function prove(card: SmartCardHsm, key: StoredKey, info: KeyInfo, use?: KeyUse): Promise<Proving> {
  if (key.publicKey) {
    // Beside a key without certificate, nothing on the card tells its curve.
    const { kind, bits, curve } = key
    const known = { kind, bits, ...(curve && { curve }), publicKey: publicKeyOf(key.publicKey) }
    const proof = await card.proveKey({ ...info, ...known }, use)
    if (proof === 'proved') return { status: 'proven', by: 'publicKey' }
    return proof === 'another' ? { status: 'another' } : { status: 'unproven', reason: reasons[proof] }
  }
  if (key.answer === undefined) return { status: 'unproven', reason: reasons.noPublicKey }
  if (info.useCounter !== undefined) return { status: 'unproven', reason: reasons.counted }
  const { algorithm, input, output } = key.answer
  const same = equal(await answerOf(card, { ...info, kind: key.kind }, algorithm, input), output)
  return same ? { status: 'proven', by: 'answer' } : { status: 'another' }
}

const reasons = {
  noPublicKey: 'nothing is known that it could be told by',
  counted: 'its uses are counted, and none was spent on a proof',
  notAllowed: 'it is allowed nothing that would show which key it is',
} as const
