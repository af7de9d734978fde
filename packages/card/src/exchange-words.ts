/**
 * A command and its answer in words, for who watches a card. What the declaration of the command marks as secret is masked; what
 * follows no declaration is not shown at all, since nobody knows what is secret in it.
 */
import { DecodeError, masked, toHex } from '@keytether/codec'
import { type CommandApdu, decodeCommand, decodeResponse } from './apdu.ts'
import type { AnyCommand } from './command.ts'
import { commands } from './commands/all.ts'
import { UnexpectedStatusError } from './errors.ts'
import { statusMeaning } from './status.ts'

export interface ExchangeWords {
  /** As `VERIFY`; of a command that is not known, its class and instruction. */
  readonly command: string
  /** As `reference=user`. */
  readonly parameters: string
  /** Of the command; empty if there are none. */
  readonly data: string
  /** One of the outcomes that the command lists, as `ok` or `wrongPin`, or what the status word means. */
  readonly outcome: string
  /** Status word, four upper-case hexadecimal digits. */
  readonly status: string
  /** Data of the answer; empty if there are none. */
  readonly answer: string
}

const all: readonly AnyCommand[] = Object.values(commands)
const options = { secrets: 'masked' } as const
/** Of bytes that are shown: the beginning says what they are. */
const shownBytes = 64

/** @param response undefined: none came */
export function exchangeWords(command: Uint8Array, response: Uint8Array | undefined): ExchangeWords {
  const apdu = decodeCommand(command)
  const known = all.find(one => one.matches(apdu))
  return { ...commandWords(known, apdu), ...answerWords(known, response) }
}

function commandWords(
  known: AnyCommand | undefined,
  apdu: CommandApdu,
): Pick<ExchangeWords, 'command' | 'parameters' | 'data'> {
  const { cla, ins, p1, p2, data } = apdu
  if (known === undefined) {
    return {
      command: toHex(Uint8Array.of(cla, ins)).toUpperCase(),
      parameters: toHex(Uint8Array.of(p1, p2)),
      data: unknown(data),
    }
  }
  return {
    command: known.name,
    parameters: words(known.decodeParams(apdu)),
    data: readable(data, () => known.decodeData(apdu, options)),
  }
}

function answerWords(
  known: AnyCommand | undefined,
  response: Uint8Array | undefined,
): Pick<ExchangeWords, 'outcome' | 'status' | 'answer'> {
  if (response === undefined) return { outcome: 'no answer', status: '', answer: '' }
  const { sw, data } = decodeResponse(response)
  const status = sw.toString(16).toUpperCase().padStart(4, '0')
  const meaning = { outcome: statusMeaning(sw), status, answer: unknown(data) }
  if (known === undefined) return meaning
  try {
    const {
      status: outcome,
      data: answer,
      triesLeft,
    } = known.decodeResponse(response, options) as {
      readonly status: string
      readonly data?: unknown
      readonly triesLeft?: number
    }
    return {
      outcome: triesLeft === undefined ? outcome : `${outcome}, ${statusMeaning(sw)}`,
      status,
      answer: words(answer),
    }
  } catch (error) {
    if (error instanceof DecodeError || error instanceof UnexpectedStatusError) return meaning
    throw error
  }
}

function readable(data: Uint8Array, read: () => unknown): string {
  try {
    return words(read())
  } catch (error) {
    // A masked value may be none of those that a format is made for: then the whole is hidden.
    if (error instanceof DecodeError || error instanceof TypeError || error instanceof RangeError) return unknown(data)
    throw error
  }
}

function unknown({ length }: Uint8Array): string {
  return length === 0 ? '' : 'not shown: of no known format'
}

function words(value: unknown): string {
  if (value === undefined) return ''
  if (value === masked) return 'secret'
  if (value instanceof Uint8Array) return bytesInWords(value)
  if (Array.isArray(value)) return value.map(words).join(',')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${name}=${isObject(field) ? `{${words(field)}}` : words(field)}`)
    .join(' ')
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !Array.isArray(value)
}

function bytesInWords(bytes: Uint8Array): string {
  const shown = toHex(bytes.subarray(0, shownBytes)).toUpperCase()
  return bytes.length > shownBytes ? `${shown}… (${bytes.length} bytes)` : shown
}
