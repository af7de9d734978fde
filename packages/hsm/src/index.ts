export { DeviceSession, type DeviceState } from './device-session.ts'
export { Devices, type DevicesOptions, type KeySelector } from './devices.ts'
export { HsmError, type HsmErrorCode } from './errors.ts'
export type { Key, KeyDomain, KeyInstance } from './keys.ts'
