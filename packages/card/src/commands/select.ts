/**
 * SELECT: the application by its AID, or an elementary file by its identifier.
 *
 * @see ISO/IEC 7816-4, SELECT
 * @module
 */
import {
  always,
  bytes,
  type Codec,
  encode,
  fromHex,
  mapped,
  optional,
  struct,
  tlv,
  tlvs,
  u8,
  u16,
  u32,
} from '@keytether/codec'
import { command, eitherOf } from '../command.ts'
import { sw } from '../status.ts'

/** E8 and the object identifier 1.3.6.1.4.1.24991.2.1. */
export const applicationId = fromHex('E82B0601040181C31F0201')

/** What sort of application answers, by the third byte of its version information. */
export interface ApplicationVersion {
  /** Options of INITIALIZE DEVICE, see `deviceOptions`. */
  readonly options: number
  /** 00 SmartCard-HSM, 01 demonstration version. */
  readonly type: number
  readonly major: number
  readonly minor: number
}

const longVersion = struct({ options: u16, type: u8, major: u8, minor: u8 })
const shortVersion = struct({ major: u8, minor: u8 })

/** Options, type and version; cards before version 2.0 give the version alone. */
const version: Codec<ApplicationVersion> = {
  write: (out, value) => longVersion.write(out, value),
  read(input) {
    if (input.left === 2) return { options: 0, type: 0, ...shortVersion.read(input) }
    return longVersion.read(input)
  },
}

/** Two bytes as a rule; more where they do not do. */
const size = mapped(bytes({ min: 1, max: 4 }), {
  write: (value: number) => encode(value > 0xffff ? u32 : u16, value),
  read: number => number.reduce((sum, byte) => sum * 256 + byte, 0),
})

const descriptor = { size: optional(tlv(0x81, size)), kind: optional(tlv(0x82, bytes({ max: 6 }))) }

/** File control parameters of the application; only the version is of use, cards differ in the rest. */
export const ApplicationParameters = tlv(
  0x62,
  tlvs(
    {
      ...descriptor,
      fid: optional(tlv(0x83, u16)),
      name: optional(tlv(0x84, bytes({ max: 16 }))),
      version: optional(tlv(0x85, version)),
      lifeCycle: optional(tlv(0x8a, u8)),
    },
    { order: 'any', unknown: 'ignore' },
  ),
)

/** File control parameters of a file. A key's carry what is known of the key. */
export const FileParameters = tlv(
  0x62,
  tlvs(
    {
      dataSize: optional(tlv(0x80, size)),
      ...descriptor,
      fid: optional(tlv(0x83, u16)),
      lifeCycle: optional(tlv(0x8a, u8)),
      key: optional(
        tlv(
          0xa5,
          tlvs(
            {
              useCounter: optional(tlv(0x90, u32)),
              algorithms: optional(tlv(0x91, bytes({ max: 16 }))),
              keyDomain: optional(tlv(0x92, u8)),
            },
            { order: 'any', unknown: 'ignore' },
          ),
        ),
      ),
    },
    { order: 'any', unknown: 'ignore' },
  ),
)

/** A response that is left out where the command does not ask for one. */
function orNothing<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    write: (out, value) => (value === undefined ? undefined : codec.write(out, value)),
    read: input => (input.left === 0 ? undefined : codec.read(input)),
  }
}

/**
 * Selects the application; log-in and secure messaging end. Clients send P2 = 00 or 04 for the parameters of the
 * application, 0C for none.
 */
export const SelectApplication = command({
  name: 'SELECT application',
  ins: 0xa4,
  params: struct({ p1: always(0x04), p2: u8 }),
  data: bytes({ min: 1, max: 16 }),
  response: orNothing(ApplicationParameters),
  status: { notFound: sw.notFound },
})

/** Selects a file by its identifier, which is then the current file. OCF says that it is an elementary one, others do not. */
export const SelectFile = command({
  name: 'SELECT file',
  ins: 0xa4,
  params: struct({ p1: eitherOf(0x00, 0x02), p2: u8 }),
  data: u16,
  response: orNothing(FileParameters),
  status: { notFound: sw.notFound },
})

/** Selects a file by its path; the card has no tree of files, and answers that there is none. */
export const SelectPath = command({
  name: 'SELECT path',
  ins: 0xa4,
  params: struct({ p1: always(0x08), p2: u8 }),
  data: bytes({ min: 2 }),
  response: orNothing(FileParameters),
  status: { notFound: sw.notFound },
})
