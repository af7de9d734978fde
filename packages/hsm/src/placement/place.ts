/** One key on one card: put there if it is not, and proven. */
import {
  isRefusal,
  type KeyInfo,
  type KeyStep,
  type Proving,
  planTransfer,
  prove,
  type SmartCardHsm,
  type StoredKey,
  type Target,
  transfer,
} from '@keytether/driver'

/**
 * - `verified` it is there, and used to see that it is the one
 * - `unverified` it is there, but allowed nothing that would show which one it is, or its uses are counted
 * - `missing` it is not there, for the reason given
 * - `different` what is there in its place is another key
 */
export interface Placed {
  readonly state: 'verified' | 'unverified' | 'missing' | 'different'
  /** On the card; 0: none. */
  readonly reference: number
  readonly reason?: string
  /** As it is there, if it was put there just now. */
  readonly info?: KeyInfo
}

/** Puts a key on a card, unless it is there. What failed is taken off again. After log-in. */
export async function place(card: SmartCardHsm, target: Target, key: StoredKey): Promise<Placed> {
  const plan = planTransfer({ keys: [key], certificates: [], data: [] }, target)
  const [step] = plan.keys
  if (step === undefined || step.action === 'none') return notCopied(step)
  if (step.action === 'present') return proven(card, key, step.key)
  if (plan.neededMemory > plan.freeMemory) {
    const needed = `about ${plan.neededMemory} bytes are needed, ${plan.freeMemory} are free`
    return { state: 'missing', reference: 0, reason: `no memory is left for it: ${needed}` }
  }
  const { keys } = await transfer(card, plan)
  const [outcome] = keys
  if (outcome === undefined || outcome.status === 'notCopied' || outcome.status === 'failed') {
    return { state: 'missing', reference: 0, reason: outcome?.reason ?? 'it was not copied' }
  }
  const { to: reference, proof, note, key: info } = outcome
  const there = { reference, ...(info && { info }) }
  if (proof !== undefined) return { state: 'verified', ...there }
  return { state: 'unverified', ...there, ...(note && { reason: note }) }
}

/** Uses a key that is on a card once, to see that it is the one. After log-in. */
export async function proven(card: SmartCardHsm, key: StoredKey, info: KeyInfo): Promise<Placed> {
  const { reference } = info
  let proving: Proving
  try {
    proving = await prove(card, key, info)
  } catch (error) {
    if (!isRefusal(error)) throw error
    return { state: 'different', reference, reason: `the card does not use it as what it should be: ${error.message}` }
  }
  if (proving.status === 'proven') return { state: 'verified', reference }
  if (proving.status === 'unproven') return { state: 'unverified', reference, reason: `not proven: ${proving.reason}` }
  return { state: 'different', reference, reason: 'what it computes is not what the key would: it is another key' }
}

function notCopied(step: (KeyStep & { action: 'none' }) | undefined): Placed {
  const reason = step?.reason ?? 'it was not copied'
  return step?.otherKey === undefined
    ? { state: 'missing', reference: 0, reason }
    : { state: 'different', reference: step.otherKey.reference, reason }
}
