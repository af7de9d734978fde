/** What is to be copied to a card, and what came of it, for people and for programs. */
import type { StoredKey, TransferOutcome, TransferPlan, Transferred } from '@keytether/driver'
import { hex } from '../key-domains.ts'
import { keyType } from '../keys.ts'
import { printable } from '../output.ts'

interface Named {
  readonly label: string
}

/** A step of a plan, or what came of one. */
interface Told<T extends Named> {
  readonly item: T
  readonly action?: string
  readonly status?: string
  readonly to?: number
  readonly proof?: string
  readonly note?: string
  readonly reason?: string
}

export function keyName(key: StoredKey): string {
  return `key ${printable(key.label)}, ${keyType(key)}`
}

export function certificateName({ label }: Named): string {
  return `certificate ${printable(label)}`
}

export function dataName({ label, private: isPrivate }: Named & { readonly private?: true | undefined }): string {
  return `${isPrivate ? 'private data' : 'data'} ${printable(label)}`
}

const words: Readonly<Record<string, string>> = {
  copy: 'would be copied',
  complete: 'is there already, its certificate would be added',
  none: 'cannot be copied',
  copied: 'copied',
  completed: 'was there already, its certificate is added',
  present: 'is there already',
  notCopied: 'not copied',
  failed: 'FAILED',
}

const proofWords: Readonly<Record<string, string>> = {
  publicKey: 'proven: used once, and verified with its public key',
  certificate: 'proven: used once, and verified with its certificate',
  answer: 'proven: it answers as the original does',
}

/** One object in a line. Reasons and notes name objects of cards and backups. */
function line(name: string, told: Told<Named>, from?: number): string {
  const { action, status, to, proof, note, reason } = told
  const moved = from !== undefined && to !== undefined && to !== from ? ` under reference ${to} instead of ${from}` : ''
  const state = `${words[status ?? action ?? ''] ?? ''}${moved}`
  if (reason !== undefined) return printable(`${name}: ${state}: ${reason}`)
  const details = [state, proof && proofWords[proof], note].filter(detail => detail !== undefined)
  return printable(`${name}: ${details.join('; ')}`)
}

export function lines({ keys, certificates, data }: TransferPlan | TransferOutcome): string[] {
  return [
    ...keys.map(told => keyLine(told)),
    ...certificates.map(told => line(certificateName(told.item), told)),
    ...data.map(told => line(dataName(told.item), told)),
  ]
}

export function keyLine(told: Told<StoredKey>): string {
  const { item, proof } = told
  const byCertificate = proof === 'publicKey' && certificateKind(item) === 'x509'
  return line(keyName(item), byCertificate ? { ...told, proof: 'certificate' } : told, item.reference)
}

/** A wrapped key begins with that of its key domain. */
const keyCheckValueSize = 8

/** In JSON. */
export function document({ keys, certificates, data }: TransferPlan | TransferOutcome): Record<string, unknown> {
  return {
    keys: keys.map(told => ({
      label: told.item.label,
      id: hex(told.item.id),
      type: keyType(told.item),
      certificate: certificateKind(told.item),
      keyCheckValue: told.item.blob && hex(told.item.blob.subarray(0, keyCheckValueSize)),
      from: told.item.reference,
      ...outcome(told),
    })),
    certificates: certificates.map(told => ({ label: told.item.label, ...outcome(told) })),
    data: data.map(told => ({ label: told.item.label, private: told.item.private ?? false, ...outcome(told) })),
  }
}

function outcome({ action, status, to, proof, note, reason }: Told<Named>): Record<string, unknown> {
  return { to, action, status, proof, note, reason }
}

function certificateKind({ certificate }: StoredKey): 'x509' | 'request' | undefined {
  return certificate && (certificate[0] === 0x30 ? 'x509' : 'request')
}

/** How many of each outcome. */
export function counts(told: readonly Transferred<unknown>[]): Record<Transferred<unknown>['status'], number> {
  const count = (wanted: string) => told.filter(({ status }) => status === wanted).length
  return {
    copied: count('copied'),
    completed: count('completed'),
    present: count('present'),
    notCopied: count('notCopied'),
    failed: count('failed'),
  }
}
