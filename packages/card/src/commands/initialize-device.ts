/**
 * INITIALIZE DEVICE: erases keys, files and key domains and sets PINs and options; and the query of the device's status.
 *
 * @module
 */
import { always, bytes, optional, secret, struct, tlv, tlvs, u8, u16, u32 } from '@keytether/codec'
import { command, triesLeft } from '../command.ts'
import { sw } from '../status.ts'

/** Bits of the options, at initialisation and in the version information of the application. */
export const deviceOptions = {
  /** RESET RETRY COUNTER is allowed. */
  resetRetryCounter: 0x0001,
  /** The PIN is a transport PIN, to be changed before first use. */
  transportPin: 0x0002,
  sessionPinClearedOnReset: 0x0004,
  replaceAuthenticationKey: 0x0008,
  combinedAuthentication: 0x0010,
  /** RESET RETRY COUNTER cannot set a new PIN. */
  resetCounterOnly: 0x0020,
} as const

const noParameters = struct({ p1: always(0x00), p2: always(0x00) })

export const InitializeDevice = command({
  name: 'INITIALIZE DEVICE',
  cla: 0x80,
  ins: 0x50,
  params: noParameters,
  when: 'data',
  data: tlvs(
    {
      options: tlv(0x80, u16),
      /** Absent where only public key authentication opens the device. */
      userPin: optional(tlv(0x81, secret(bytes({ min: 6, max: 16 })))),
      /** The first initialisation sets it, later ones must present it. */
      soPin: tlv(0x82, secret(bytes({ min: 8, max: 8 }))),
      pinTries: optional(tlv(0x91, u8)),
      dkekShares: optional(tlv(0x92, u8)),
      publicKeyAuthentication: optional(tlv(0x93, struct({ total: u8, required: u8 }))),
      biometricServer1: optional(tlv(0x95, bytes({ min: 5, max: 16 }))),
      biometricServer2: optional(tlv(0x96, bytes({ min: 5, max: 16 }))),
      keyDomains: optional(tlv(0x97, u8)),
    },
    { order: 'any' },
  ),
  status: {
    wrongPin: triesLeft,
    blocked: sw.blocked,
    wrongData: sw.wrongData,
    notSupported: sw.notSupported,
  },
})

/** Free memory in bytes and the version. */
export const DeviceStatus = command({
  name: 'DEVICE STATUS',
  cla: 0x80,
  ins: 0x50,
  params: noParameters,
  when: 'noData',
  response: struct({ freeMemory: u32, reserved: u8, major: u8, minor: u8 }),
})
