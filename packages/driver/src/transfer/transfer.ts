/** Puts on a token what another one had, and proves each key. */
import { CertificateDescription, ChannelError, DataDescription, fileId } from '@keytether/card'
import type { Codec } from '@keytether/codec'
import { describeNewCertificate, describeNewData, pathOf } from '../descriptions.ts'
import { DriverError, type DriverErrorCode } from '../errors.ts'
import type { SmartCardHsm } from '../smart-card-hsm.ts'
import type { KeyInfo } from '../types.ts'
import type { StoredCertificate, StoredData, StoredKey } from './content.ts'
import type { KeyStep, Step, TransferPlan } from './plan.ts'
import { type Proof, type Proving, prove } from './prove.ts'
import { codeOf, isRefusal } from './refusal.ts'
import { describedUnder, rewritten } from './rewritten.ts'

/** What came of one object. */
export type Transferred<T> =
  | {
      /** Put there now, found to be there in part, or there already. */
      readonly status: 'copied' | 'completed' | 'present'
      readonly item: T
      readonly to: number
      /** Of keys: absent if there is nothing to prove one by, which the note then says. */
      readonly proof?: Proof
      /** Of keys: as it is there now. */
      readonly key?: KeyInfo
      readonly note?: string
    }
  /** For a reason that was known before. */
  | { readonly status: 'notCopied'; readonly item: T; readonly reason: string }
  /** In some step; the reason says which, and what is left on the card. */
  | { readonly status: 'failed'; readonly item: T; readonly reason: string }

export interface TransferOutcome {
  readonly keys: readonly Transferred<StoredKey>[]
  readonly certificates: readonly Transferred<StoredCertificate>[]
  readonly data: readonly Transferred<StoredData>[]
}

export interface TransferOptions {
  /** After each key. */
  readonly onKey?: (outcome: Transferred<StoredKey>, index: number, count: number) => void
  readonly signal?: AbortSignal
}

/**
 * Carries out the plan. A key that fails is taken off the card again, and the next one is tried; when the card is out of reach,
 * what was done stays, and a plan made afresh goes on from there. After log-in.
 */
export async function transfer(
  card: SmartCardHsm,
  plan: TransferPlan,
  { onKey, signal }: TransferOptions = {},
): Promise<TransferOutcome> {
  const keys: Transferred<StoredKey>[] = []
  for (const [index, step] of plan.keys.entries()) {
    signal?.throwIfAborted()
    const outcome = await transferKey(card, step)
    keys.push(outcome)
    onKey?.(outcome, index, plan.keys.length)
  }
  const certificates = await eachObject(plan.certificates, (item, to) => writeCertificate(card, item, to))
  const data = await eachObject(plan.data, (item, to) => writeData(card, item, to))
  return { keys, certificates, data }
}

async function transferKey(card: SmartCardHsm, step: KeyStep): Promise<Transferred<StoredKey>> {
  if (step.action === 'none') return notCopied(step)
  const { item, to } = step
  let doing = 'unwrapping'
  try {
    const info = step.action === 'copy' ? await unwrap(card, item, to) : step.key
    doing = 'the proof'
    const proving = await prove(card, item, info)
    if (proving.status === 'another') throw new DriverError('WRONG_DATA', 'what it computes is not what the key would')
    doing = 'writing its certificate'
    if (step.action === 'complete') await card.writeCertificate(to, item.certificate!)
    return { status: statuses[step.action], item, to, key: info, ...details(step, proving) }
  } catch (error) {
    // What became of it, only the card knows, and it is out of reach.
    if (error instanceof DriverError && error.cause instanceof ChannelError) throw error.cause
    if (!isRefusal(error)) throw error
    const untouched = doing === 'unwrapping' && beforehand.includes(codeOf(error))
    const left = untouched ? nothingLeft : await tidy(card, step)
    return { status: 'failed', item, reason: `${doing} failed: ${error.message}; ${left}` }
  }
}

function unwrap(card: SmartCardHsm, item: StoredKey, to: number): Promise<KeyInfo> {
  const { description, certificate, metaData } = describedUnder(item, to)
  return card.unwrapKey(
    { blob: item.blob!, description, certificate },
    { reference: to, ...(metaData && { metaData }) },
  )
}

const statuses = { copy: 'copied', complete: 'completed', present: 'present' } as const

function details(step: Exclude<KeyStep, { action: 'none' }>, proving: Proving) {
  const notes = [
    ...('note' in step && step.note ? [step.note] : []),
    ...(proving.status === 'unproven' ? [`not proven: ${proving.reason}`] : []),
    ...(step.action === 'copy' && step.item.useCounter !== undefined
      ? ['its use counter is not copied: uses of the copy are not counted']
      : []),
  ]
  return {
    ...(proving.status === 'proven' && { proof: proving.by }),
    ...(notes.length > 0 && { note: notes.join('; ') }),
  }
}

function notCopied<T>({ item, reason }: { readonly item: T; readonly reason: string }): Transferred<T> {
  return { status: 'notCopied', item, reason }
}

/** What is refused before anything is written: under the reference there may be what is somebody else's. */
const beforehand: readonly (DriverErrorCode | undefined)[] = [
  'REFERENCE_TAKEN',
  'OTHER_DOMAIN',
  'NO_KEY_DOMAIN',
  'NO_FREE_REFERENCE',
]
const nothingLeft = 'nothing of it is on the card'

/** Takes a key off the card again that was put there just now, as far as it was, and says what is left of it. */
async function tidy(card: SmartCardHsm, step: KeyStep & { to: number }): Promise<string> {
  if (step.action !== 'copy') return `the key that was there before still is, under reference ${step.to}`
  try {
    await card.deleteKey(step.to)
    return `it is deleted again, ${nothingLeft}`
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (codeOf(error) === 'KEY_NOT_FOUND') return nothingLeft
    return `it is on the card under reference ${step.to}, and could not be deleted: ${error.message}`
  }
}

async function eachObject<T>(
  steps: readonly Step<T>[],
  write: (item: T, to: number) => Promise<void>,
): Promise<Transferred<T>[]> {
  const outcomes: Transferred<T>[] = []
  for (const step of steps) outcomes.push(await transferObject(step, write))
  return outcomes
}

async function transferObject<T>(
  step: Step<T>,
  write: (item: T, to: number) => Promise<void>,
): Promise<Transferred<T>> {
  if (step.action === 'none') return notCopied(step)
  const { item, to } = step
  if (step.action === 'present') return { status: 'present', item, to }
  try {
    await write(item, to)
    return { status: 'copied', item, to }
  } catch (error) {
    if (!isRefusal(error)) throw error
    return { status: 'failed', item, reason: `writing failed: ${error.message}` }
  }
}

/** Descriptions first: by them what an interruption left is found again. */
async function writeCertificate(card: SmartCardHsm, item: StoredCertificate, to: number): Promise<void> {
  const file = fileId('certificate', to)
  const own = describedAt(item, to, CertificateDescription, file)
  const description = own ?? describeNewCertificate(to, Uint8Array.of(to), item.label)
  await card.files.write(fileId('certificateDescription', to), description)
  await card.files.write(file, item.content)
}

async function writeData(card: SmartCardHsm, item: StoredData, to: number): Promise<void> {
  const file = fileId(item.private ? 'privateData' : 'publicData', to)
  const own = describedAt(item, to, DataDescription, file)
  const description = own ?? describeNewData(file, item.private ?? false, item.label)
  await card.files.write(fileId('dataDescription', to), description)
  await card.files.write(file, item.content!)
}

/** A description names the file of its object; undefined if there is none that can. */
function describedAt<T extends { readonly path: Uint8Array }>(
  { number, description }: StoredCertificate | StoredData,
  to: number,
  codec: Codec<T>,
  file: number,
): Uint8Array | undefined {
  if (number === to || description === undefined) return description
  return rewritten(codec, description, { path: pathOf(file) } as Partial<T>)
}
