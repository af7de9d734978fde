/** Challenges of a device on their way to a custodian, and his answers on their way back: JSON, and nothing in it is secret. */
import { CliError } from '../errors.ts'

export interface ChallengeDocument {
  /** Holder reference of the device to be opened. */
  readonly device: string
  /** Name of the key that is to sign. */
  readonly key: string
  readonly challenge: Uint8Array
}

export interface AnswerDocument {
  readonly device: string
  readonly key: string
  /** r ‖ s. */
  readonly signature: Uint8Array
}

export function writeChallenge({ challenge, ...document }: ChallengeDocument): string {
  return line({ ...document, challenge: Buffer.from(challenge).toString('hex') })
}

export function writeAnswer({ signature, ...document }: AnswerDocument): string {
  return line({ ...document, signature: Buffer.from(signature).toString('hex') })
}

function line(document: Record<string, string>): string {
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** @throws CliError */
export function readChallenge(content: Uint8Array): ChallengeDocument {
  const { device, key, challenge } = fieldsOf(content, ['device', 'key', 'challenge'], 'challenge')
  // Nothing but a challenge is signed: a key that opens a device must not sign what somebody else has thought up.
  if (!/^[0-9a-f]{16}$/.test(challenge)) throw notOne('challenge')
  return { device, key, challenge: Buffer.from(challenge, 'hex') }
}

/** @throws CliError */
export function readAnswer(content: Uint8Array): AnswerDocument {
  const { device, key, signature } = fieldsOf(content, ['device', 'key', 'signature'], 'answer')
  if (!/^([0-9a-f]{2}){16,1024}$/.test(signature)) throw notOne('answer')
  return { device, key, signature: Buffer.from(signature, 'hex') }
}

const name = /^[\x20-\x7e]{1,16}$/

function fieldsOf<const F extends readonly string[]>(
  content: Uint8Array,
  fields: F,
  what: 'challenge' | 'answer',
): Record<F[number], string> {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(content).toString())
  } catch {
    throw notOne(what)
  }
  if (typeof document !== 'object' || document === null) throw notOne(what)
  const found = document as Record<string, unknown>
  const strings = Object.values(found).every(value => typeof value === 'string')
  const complete = Object.keys(found).toSorted().join() === fields.toSorted().join()
  if (!strings || !complete || ![found.device, found.key].every(value => name.test(value as string))) throw notOne(what)
  return found as Record<F[number], string>
}

function notOne(what: 'challenge' | 'answer'): CliError {
  const made = { challenge: '`keytether card custodian challenge`', answer: '`keytether card custodian sign`' }[what]
  return new CliError('failed', `this is no ${what}`, [`${made} writes one`])
}
