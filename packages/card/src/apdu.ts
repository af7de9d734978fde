/**
 * Command and response APDUs, short and extended.
 *
 * @see ISO/IEC 7816-3, 12.1
 * @module
 */
import { concat, DecodeError } from '@keytether/codec'

export interface CommandApdu {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** Up to 65,535 bytes. */
  readonly data: Uint8Array
  /** How many response bytes are wanted at most, 1 to 65,536; absent: no response data is expected. */
  readonly le?: number | undefined
  /** The length fields are extended. On encoding, they also are wherever the lengths ask for it. */
  readonly extended?: boolean | undefined
}

export interface ResponseApdu {
  readonly data: Uint8Array
  /** SW1-SW2 as one number. */
  readonly sw: number
}

export function encodeCommand(apdu: CommandApdu): Uint8Array<ArrayBuffer> {
  const { data, le } = apdu
  if (data.length > 0xffff) throw new RangeError(`a command carries at most 65535 bytes, got ${data.length}`)
  if (le !== undefined && (le < 1 || le > 0x10000)) throw new RangeError(`Le goes from 1 to 65536, got ${le}`)
  const header = Uint8Array.of(apdu.cla, apdu.ins, apdu.p1, apdu.p2)
  const extended = apdu.extended || data.length > 0xff || (le ?? 0) > 0x100
  if (!extended) {
    const lc = data.length > 0 ? Uint8Array.of(data.length) : data
    return le === undefined ? concat(header, lc, data) : concat(header, lc, data, Uint8Array.of(le & 0xff))
  }
  const lc = data.length > 0 ? Uint8Array.of(0, data.length >> 8, data.length & 0xff) : data
  if (le === undefined) return concat(header, lc, data)
  const length = Uint8Array.of((le >> 8) & 0xff, le & 0xff)
  return data.length > 0 ? concat(header, lc, data, length) : concat(header, Uint8Array.of(0), length)
}

/** @throws DecodeError if the length fields contradict the length of the command */
export function decodeCommand(bytes: Uint8Array): CommandApdu {
  if (bytes.length < 4) throw new DecodeError('TRUNCATED', `wanted at least 4 bytes, ${bytes.length} left`, 0)
  const [cla, ins, p1, p2] = bytes as unknown as [number, number, number, number]
  const header = { cla, ins, p1, p2 }
  const none = new Uint8Array()
  const body = new Uint8Array(bytes.subarray(4))
  const u8 = (at: number) => body[at]!
  const u16 = (at: number) => (u8(at) << 8) | u8(at + 1)
  if (body.length === 0) return { ...header, data: none }
  if (body.length === 1) return { ...header, data: none, le: u8(0) || 0x100 }
  if (u8(0) !== 0) {
    const lc = u8(0)
    if (body.length === 1 + lc) return { ...header, data: body.subarray(1) }
    if (body.length === 2 + lc) return { ...header, data: body.subarray(1, 1 + lc), le: u8(1 + lc) || 0x100 }
    throw new DecodeError('LENGTH', `Lc says ${lc} bytes, ${body.length - 1} follow`, 4)
  }
  if (body.length === 3) return { ...header, data: none, le: u16(1) || 0x10000, extended: true }
  if (body.length > 3) {
    const lc = u16(1)
    if (lc > 0 && body.length === 3 + lc) return { ...header, data: body.subarray(3), extended: true }
    if (lc > 0 && body.length === 5 + lc) {
      return { ...header, data: body.subarray(3, 3 + lc), le: u16(3 + lc) || 0x10000, extended: true }
    }
  }
  throw new DecodeError('LENGTH', `length fields do not fit ${bytes.length} bytes`, 4)
}

export function encodeResponse({ data, sw }: ResponseApdu): Uint8Array<ArrayBuffer> {
  return concat(data, Uint8Array.of(sw >> 8, sw & 0xff))
}

/** @throws DecodeError if there is no status word */
export function decodeResponse(bytes: Uint8Array): ResponseApdu {
  if (bytes.length < 2) throw new DecodeError('TRUNCATED', `wanted at least 2 bytes, ${bytes.length} left`, 0)
  const at = bytes.length - 2
  return { data: new Uint8Array(bytes.subarray(0, at)), sw: (bytes[at]! << 8) | bytes[at + 1]! }
}
