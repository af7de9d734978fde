/**
 * What a command of the card is: one declaration that the driver encodes and the emulator decodes.
 *
 * @module
 */
import {
  bytes,
  type Codec,
  DecodeError,
  decode,
  encode,
  mapped,
  nothing,
  oneOf,
  type ReaderOptions,
} from '@keytether/codec'
import { type CommandApdu, decodeResponse, encodeCommand, encodeResponse } from './apdu.ts'
import { UnexpectedStatusError } from './errors.ts'
import { statusMeaning, sw } from './status.ts'

/** 63Cx: wrong, x tries left. */
export const triesLeft = { kind: 'triesLeft' } as const
/** A warning that comes with response data, as 6282 does. */
export function withData<const N extends number>(status: N): { kind: 'withData'; sw: N } {
  return { kind: 'withData', sw: status }
}
/** What cards say in different ways: all of these are read, the first is written. */
export function anyOf(...status: readonly [number, ...number[]]): {
  kind: 'anyOf'
  sws: readonly [number, ...number[]]
} {
  return { kind: 'anyOf', sws: status }
}

/** A byte that programs choose differently, meaning the same: both are read, the first is written. */
export function eitherOf(usual: number, other: number): Codec<undefined> {
  return mapped(oneOf({ usual, other }), { write: () => 'usual' as const, read: () => undefined })
}

type Status = number | typeof triesLeft | ReturnType<typeof withData> | ReturnType<typeof anyOf>
export type StatusMap = Record<string, Status>

/** What came of a command: success with its data, or one of the outcomes that the command lists. */
export type Outcome<R, S extends StatusMap> =
  | { readonly status: 'ok'; readonly data: R }
  | {
      [K in keyof S & string]: S[K] extends typeof triesLeft
        ? { readonly status: K; readonly triesLeft: number }
        : S[K] extends { kind: 'withData' }
          ? { readonly status: K; readonly data: R }
          : { readonly status: K }
    }[keyof S & string]

export interface RequestOptions {
  /** How many response bytes are wanted at most; `undefined` asks for none. */
  readonly le?: number | undefined
  readonly extended?: boolean
}

export type ReadOptions = Pick<ReaderOptions, 'secrets'>

export interface Command<P, D, R, S extends StatusMap> {
  readonly name: string
  readonly cla: number
  readonly ins: number
  /** Whether the two parameter bytes belong to this command and not to another with the same instruction. */
  matches(apdu: CommandApdu): boolean
  encodeRequest(params: P, data: D, options?: RequestOptions): Uint8Array<ArrayBuffer>
  decodeParams(apdu: CommandApdu): P
  decodeData(apdu: CommandApdu, options?: ReadOptions): D
  encodeResponse(outcome: Outcome<R, S>): Uint8Array<ArrayBuffer>
  /** @throws UnexpectedStatusError for a status word that is not an outcome of this command, DecodeError for bad data */
  decodeResponse(bytes: Uint8Array, options?: ReadOptions): Outcome<R, S>
}

// biome-ignore lint/suspicious/noExplicitAny: the types are in the declaration; a list of commands has none in common.
export type AnyCommand = Command<any, any, any, any>
export type ParamsOf<C> = C extends Command<infer P, infer _D, infer _R, infer _S> ? P : never
export type DataOf<C> = C extends Command<infer _P, infer D, infer _R, infer _S> ? D : never
export type OutcomeOf<C> = C extends Command<infer _P, infer _D, infer R, infer S> ? Outcome<R, S> : never

export interface Declaration<P, D, R, S extends StatusMap> {
  readonly name: string
  /** Default 00. */
  readonly cla?: number
  readonly ins: number
  /** P1 and P2, two bytes. */
  readonly params: Codec<P>
  /** Command data; default none. */
  readonly data?: Codec<D>
  /** Response data; default none. */
  readonly response?: Codec<R>
  /** Le of the request where the caller does not say: 256 if there is a response, else absent. */
  readonly le?: number | undefined
  /** Outcomes that the standard lists, beside 9000. */
  readonly status?: S
  /** Only for APDUs with data, or only for those without, where both exist under one instruction. */
  readonly when?: 'data' | 'noData'
}

/** Programs and cards may write lengths that are longer than they need to be. */
const reader = { lengths: 'any' } as const

export function command<P, D = undefined, R = undefined, const S extends StatusMap = Record<never, never>>(
  declaration: Declaration<P, D, R, S>,
): Command<P, D, R, S> {
  const { name, cla = 0x00, ins, params, when } = declaration
  const dataCodec = declaration.data ?? (nothing as Codec<unknown> as Codec<D>)
  const responseCodec = declaration.response ?? (nothing as Codec<unknown> as Codec<R>)
  const statuses = Object.entries(declaration.status ?? {}) as [string, Status][]
  const defaultLe = 'le' in declaration ? declaration.le : declaration.response && 0x100

  return {
    name,
    cla,
    ins,
    matches(apdu) {
      if (apdu.cla !== cla || apdu.ins !== ins) return false
      if (when !== undefined && (when === 'data') !== apdu.data.length > 0) return false
      try {
        decode(params, Uint8Array.of(apdu.p1, apdu.p2))
        return true
      } catch (error) {
        if (error instanceof DecodeError) return false
        throw error
      }
    },
    encodeRequest(p, d, options = {}) {
      const [p1, p2] = encode(params, p) as unknown as [number, number]
      const le = 'le' in options ? options.le : defaultLe
      return encodeCommand({ cla, ins, p1, p2, data: encode(dataCodec, d), le, extended: options.extended })
    },
    decodeParams: apdu => decode(params, Uint8Array.of(apdu.p1, apdu.p2)),
    decodeData: (apdu, options) => decode(dataCodec, apdu.data, { ...reader, ...options }),
    encodeResponse(outcome) {
      const none = new Uint8Array()
      if (outcome.status === 'ok') {
        return encodeResponse({ data: encode(responseCodec, (outcome as { data: R }).data), sw: sw.ok })
      }
      const status = statuses.find(([key]) => key === outcome.status)?.[1]
      if (status === undefined) throw new RangeError(`${name} has no outcome ${outcome.status}`)
      if (typeof status === 'number') return encodeResponse({ data: none, sw: status })
      if (status.kind === 'anyOf') return encodeResponse({ data: none, sw: status.sws[0] })
      if (status.kind === 'triesLeft') {
        const { triesLeft: left } = outcome as { triesLeft: number }
        if (!(left >= 0 && left <= 15)) throw new RangeError(`0 to 15 tries can be left, got ${left}`)
        return encodeResponse({ data: none, sw: 0x63c0 | left })
      }
      return encodeResponse({ data: encode(responseCodec, (outcome as { data: R }).data), sw: status.sw })
    },
    decodeResponse(response, options) {
      const apdu = decodeResponse(response)
      const readData = () => decode(responseCodec, apdu.data, { ...reader, ...options })
      if (apdu.sw === sw.ok) return { status: 'ok', data: readData() }
      for (const [key, status] of statuses) {
        if (typeof status === 'number' || status.kind === 'anyOf') {
          const words: readonly number[] = typeof status === 'number' ? [status] : status.sws
          if (words.includes(apdu.sw)) return { status: key } as unknown as Outcome<R, S>
        } else if (status.kind === 'triesLeft') {
          if ((apdu.sw & 0xfff0) === 0x63c0) {
            return { status: key, triesLeft: apdu.sw & 0x0f } as unknown as Outcome<R, S>
          }
        } else if (status.sw === apdu.sw) {
          return { status: key, data: readData() } as unknown as Outcome<R, S>
        }
      }
      throw new UnexpectedStatusError(name, apdu.sw, statusMeaning(apdu.sw))
    },
  }
}

/** Data that the command does not interpret. */
export const opaque: Codec<Uint8Array> = bytes()
